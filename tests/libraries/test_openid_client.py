"""openid-client (Node.js), with the settings of docs/libraries.md."""

from pathlib import Path

import pytest

from tests.agents.npm import fetched
from tests.libraries.page import Section
from tests.libraries.program import program
from tests.support.actions import READ, Actions

pytestmark = [pytest.mark.torture, pytest.mark.timeout(300)]
PACKAGE = "openid-client@6.8.9"
DISCOVERED = ");\nconst verifier"
WITHOUT_TLS = f", undefined, {{ execute: [client.allowInsecureRequests] }}{DISCOVERED}"
"""The tests' server has none."""
STEPS = """
import readline from "node:readline";

const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const heard = async () => (await lines.next()).value;
const tell = (value) => console.log(JSON.stringify(value));

tell(link.href);
const first = await connected(await heard());
tell({ ...first, claims: first.claims() });
await heard();
const second = await client.refreshTokenGrant(moogle, first.refresh_token);
tell({ ...second, person: await client.fetchUserInfo(moogle, second.access_token, first.claims().sub) });
await heard();
await client.tokenRevocation(moogle, second.access_token);
const refused = await client.fetchUserInfo(moogle, second.access_token, first.claims().sub).catch((error) => error);
tell(refused.cause[0].parameters.error);
await heard();
tell(await client.refreshTokenGrant(moogle, second.refresh_token).then(() => "refreshed", (error) => error.error));
"""


def test_a_person_signs_in_the_token_is_renewed_and_handed_back(actions: Actions, tmp_path: Path) -> None:
    page = Section("openid-client", actions.stack, PACKAGE.partition("@")[2])
    folder, mo = fetched(tmp_path, PACKAGE), actions.person()
    client = page.run_command()
    program_text = page.block("js") + STEPS
    assert DISCOVERED in program_text
    (folder / "app.mjs").write_text(program_text.replace(DISCOVERED, WITHOUT_TLS))
    with program(["node", "app.mjs"], folder) as app:
        first = app.say(mo.decide(app.hear(), ["openid", READ]).headers["Location"])
        assert (first["claims"]["sub"], first["claims"]["aud"]) == (mo.subject, client["client_id"])
        second = app.say()
        assert second["person"] == {"sub": mo.subject}
        assert second["access_token"] != first["access_token"]
        assert app.say() == "invalid_token"
        mo.disconnect(client["client_id"])
        assert app.say() == "invalid_grant"
