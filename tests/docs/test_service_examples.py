"""The scripts in examples/ that are APIs, or ask what an API asks."""

import asyncio
import json
from typing import Any

import pytest
from werkzeug.test import Client

from tests.docs.examples import run
from tests.resource_server.adapters import call_asgi
from tests.support.actions import Actions
from tests.support.stack import Stack


@pytest.mark.clause("RFC 9701 §5")
def test_the_answer_about_a_token_is_kept_as_a_proof(
    actions: Actions, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fit, token = actions.stack.fit_credentials, actions.app().connect(actions.person()).access
    run("signed_introspection.py", monkeypatch, token, AUTH=actions.stack.auth, API=fit.name, API_SECRET=fit.secret)
    assert json.loads(capsys.readouterr().out) == actions.introspect(token)


@pytest.fixture(scope="module")
def journal(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the protected examples want to know of the API that they are."""
    file = tmp_path_factory.mktemp("journal") / "secret"
    scopes = ["--scope", "journal:read=See your journal", "--scope", "journal:write=Write it"]
    register = ["resource-server", "ensure", "journal", "--resource", "https://journal.example/", *scopes]
    stack.command(*register, "--secret-file", str(file))
    return {"AUTH": stack.auth, "SECRET": file.read_text()}


def called(names: dict[str, Any], method: str, path: str, token: str | None) -> tuple[int, str]:
    """The status and the text of an answer of the script's application."""
    headers = [("Authorization", f"Bearer {token}")] if token else []
    if hasattr(names["app"], "test_client"):
        answer = names["app"].test_client().open(path, method=method, headers=headers)
        return answer.status_code, answer.text
    if "Starlette" in names:
        asynchronous = asyncio.run(call_asgi(names["app"], path, headers))
        return asynchronous.status, asynchronous.body
    answer = Client(names["app"]).open(path, method=method, headers=headers)
    return answer.status_code, answer.text


@pytest.mark.clause("RFC 6750 §3.1")
@pytest.mark.parametrize("script", ["protected_flask.py", "protected_wsgi.py", "protected_asgi.py"])
def test_an_api_lets_only_good_tokens_in(
    actions: Actions, journal: dict[str, str], monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    names = run(script, monkeypatch, **journal)
    app = actions.app("--grant-type", "client_credentials", scopes=["journal:read", "journal:write"])
    rights = ("journal:read", "journal:write")
    read, write = (app.client_credentials(scope=right).json()["access_token"] for right in rights)
    status, text = called(names, "GET", "/journal", read)
    assert (status, f"the journal of {app.client_id}" in text) == (200, True)
    refusals = [called(names, "GET", "/journal", token)[0] for token in (None, "nonsense", write)]
    assert refusals == [401, 401, 403]
    names["validator"].close()


def test_the_protected_examples_ask_for_what_each_request_needs(
    actions: Actions, journal: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wsgi, asgi = run("protected_wsgi.py", monkeypatch, **journal), run("protected_asgi.py", monkeypatch, **journal)
    app = actions.app("--grant-type", "client_credentials", scopes=["journal:read"])
    token = app.client_credentials().json()["access_token"]
    assert called(wsgi, "POST", "/journal", token)[0] == 403
    assert called(asgi, "GET", "/health", None) == (200, "fine")
    for names in (wsgi, asgi):
        names["validator"].close()
