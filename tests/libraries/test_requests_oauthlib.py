"""requests-oauthlib, with the settings of docs/libraries.md."""

from pathlib import Path

import pytest

from tests.libraries.page import Section
from tests.libraries.program import program, python_with
from tests.support.actions import Actions

pytestmark = [pytest.mark.torture, pytest.mark.timeout(300)]
PACKAGES = {"requests-oauthlib": "2.0.0", "oauthlib": "4.0.1"}
STEPS = """
import json
from oauthlib.oauth2 import TokenExpiredError

def tell(value):
    print(json.dumps(value), flush=True)

tell(link)
connected(input())
tell(kept)
input()
tell(moogle.get("https://login.example/userinfo").json())
input()
moogle.token = {**moogle.token, "expires_at": 1}
moogle.get("https://login.example/userinfo")
tell(kept)
input()
tell(moogle.get("https://login.example/userinfo").status_code)
"""


def test_a_person_signs_in_leaves_a_scope_out_and_the_token_is_renewed_until_it_is_revoked(
    actions: Actions, tmp_path: Path
) -> None:
    page = Section("requests-oauthlib", actions.stack, *PACKAGES.values())
    python, mo = python_with(tmp_path, PACKAGES), actions.person()
    client = page.run_command()
    steps = STEPS.replace("https://login.example", actions.stack.auth)
    (tmp_path / "app.py").write_text(page.block("python") + steps)
    with program([python, "app.py"], tmp_path, OAUTHLIB_INSECURE_TRANSPORT="1") as app:
        came_back = mo.decide(app.hear(), ["openid"]).headers["Location"]
        first = app.say(came_back)
        assert first["scope"] == ["openid"]
        assert app.say() == {"sub": mo.subject}
        second = app.say()
        assert (second["scope"], second["access_token"] != first["access_token"]) == (["openid"], True)
        mo.disconnect(client["client_id"])
        assert app.say() == 401
