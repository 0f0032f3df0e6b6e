"""docs/dpop.md tells the truth: its code, run as it stands, gets a bound token and is let through with it."""

import re
from pathlib import Path
from typing import Any

from flask import Flask

from shared.resource_server import ActiveToken
from shared.resource_server.resource_protector import ResourceProtector
from tests.support.actions import Actions
from tests.support.servers import free_port, serve

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "dpop.md").read_text(encoding="utf-8")


def test_an_app_and_an_api_that_are_written_as_the_page_says_understand_each_other(actions: Actions) -> None:
    making, using, protecting = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    stack, port = actions.stack, free_port()
    other = stack.other_credentials
    names: dict[str, Any] = {"AUTH": stack.auth, "PLANS": other.resource, "PLANS_SECRET": other.secret}
    assert '"plans"' in protecting
    exec(protecting.replace('"plans"', f'"{other.name}"').replace("https://plans.example", "http://localhost:9"), names)
    require_token, api = ResourceProtector(names["validator"]), Flask(__name__)

    @api.get("/plans/")
    @require_token("plans:read")
    def plans(token: ActiveToken) -> list[str]:
        return [f"plans for {token.jkt}"]

    app = actions.app("--grant-type", "client_credentials", scopes=["plans:read"])
    exec(making, names)

    class Api:
        """The API where its address says it is, though it listens elsewhere: what a proxy in front does."""

        def __getattr__(self, name: str) -> Any:
            return getattr(requests, name)

        def get(self, address: str, **options: Any) -> Any:
            return requests.get(address.replace("localhost:9/", f"localhost:{port}/"), timeout=10, **options)

    requests = names["requests"]
    names |= {"CLIENT": (app.client_id, app.secret), "requests": Api()}
    with serve(api, port):
        exec(using, names)
    assert names["answer"]["token_type"] == "DPoP"
    assert names["plans"] == [f"plans for {names['key'].thumbprint()}"]
    names["validator"].close()
