"""docs/dpop.md tells the truth: an API that is protected as it says lets through the app that it quotes."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from shared.resource_server import ActiveToken
from shared.resource_server.resource_protector import ResourceProtector
from tests.docs.examples import run
from tests.support.actions import Actions
from tests.support.servers import free_port, serve

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "dpop.md").read_text(encoding="utf-8")


@pytest.mark.clause("RFC 9449 §7.1")
def test_an_app_and_an_api_that_are_written_as_the_page_says_understand_each_other(
    actions: Actions, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, protecting = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    other, port = actions.stack.other_credentials, free_port()
    here = f"http://localhost:{port}"
    for name, ours in (('"plans"', f'"{other.name}"'), ("https://plans.example/", other.resource)):
        assert name in protecting
        protecting = protecting.replace(name, ours)
    assert '"https://plans.example"' in protecting
    names: dict[str, Any] = {"AUTH": actions.stack.auth, "PLANS_SECRET": other.secret}
    exec(protecting.replace("https://plans.example", here), names)
    require_token, api, keys = ResourceProtector(names["validator"]), Flask(__name__), []

    @api.get("/plans")
    @require_token("plans:read")
    def plans(token: ActiveToken) -> str:
        keys.append(token.jkt)
        return "your plans"

    app = actions.app("--grant-type", "client_credentials", scopes=["plans:read"])
    client = {"CLIENT_ID": app.client_id, "CLIENT_SECRET": app.secret}
    with serve(api, port):
        run("bound_token.py", monkeypatch, f"{here}/plans", AUTH=actions.stack.auth, **client)
    assert capsys.readouterr().out == "your plans\n"
    assert len(keys) == 1
    assert keys[0] is not None
    names["validator"].close()
