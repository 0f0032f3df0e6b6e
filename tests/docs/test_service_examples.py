"""The scripts in examples/ that are APIs, or ask what an API asks."""

import asyncio
import json
import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.datastructures import MultiDict
from werkzeug.test import Client

from auth_service.models.account import Account
from auth_service.models.base import now
from shared.resource_server import connect
from shared.resource_server.testing import fake_authorization_server
from tests.docs.examples import EXAMPLES, run
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
    if isinstance(names["app"], Flask):
        answer = names["app"].test_client().open(path, method=method, headers=headers)
        return answer.status_code, answer.text
    if asyncio.iscoroutinefunction(names["app"].__call__):
        asynchronous = asyncio.run(call_asgi(names["app"], path, headers, method))
        return asynchronous.status, asynchronous.body
    answer = Client(names["app"]).open(path, method=method, headers=headers)
    return answer.status_code, answer.text


APIS = sorted(path.name for path in EXAMPLES.glob("protected_*.py"))


@pytest.mark.clause("RFC 6750 §3.1")
@pytest.mark.parametrize("script", APIS)
def test_an_api_protects_reading_and_writing_by_different_scopes(
    actions: Actions, journal: dict[str, str], monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    names = run(script, monkeypatch, **journal)
    app = actions.app("--grant-type", "client_credentials", scopes=["journal:read", "journal:write"])
    rights = ("journal:read", "journal:write")
    read, write = (app.client_credentials(scope=right).json()["access_token"] for right in rights)
    status, text = called(names, "GET", "/journal", read)
    assert (status, f"the journal of {app.client_id}" in text) == (200, True)
    assert called(names, "POST", "/journal", write)[0] == 200
    assert [called(names, "GET", "/journal", token)[0] for token in (None, "nonsense", write)] == [401, 401, 403]
    assert [called(names, "POST", "/journal", token)[0] for token in (None, "nonsense", read)] == [401, 401, 403]
    validator = names["validator"] if "validator" in names else names["JournalToken"].validator
    validator.close()


def test_what_a_rule_calls_open_needs_no_token(journal: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for script in ("protected_asgi.py", "protected_django.py"):
        assert called(run(script, monkeypatch, **journal), "GET", "/health", None) == (200, "fine")


def test_an_adapter_of_your_own_is_as_short_as_the_page_says() -> None:
    page = (EXAMPLES.parent / "docs/resource_server.md").read_text(encoding="utf-8")
    program = page.partition("## Write your own")[2].partition("```python\n")[2].partition("```")[0]
    assert len(program.splitlines()) <= 30
    names: dict[str, Any] = {}
    exec(program, names)
    with fake_authorization_server("https://journal.example/") as server:
        validator = connect(**server.connection, realm="journal", deadline=30.0)
        view = names["protected"](validator, lambda _request, token: (200, [], token.subject.encode()), "journal:read")

        def get(*tokens: str) -> tuple[int, bytes]:
            headers = MultiDict([("Authorization", f"Bearer {token}") for token in tokens])
            headers.getall = headers.getlist  # type: ignore[attr-defined]
            status, _, body = view(SimpleNamespace(headers=headers))
            return status, body

        token = server.issue("journal:read")
        assert get(token) == (200, b"somebody")
        assert [get(*sent)[0] for sent in ((), (token, token), (server.issue(),))] == [401, 400, 403]
        server.let_polls_go()
        validator.close()


def test_the_page_names_the_versions_that_the_kit_is_tried_with() -> None:
    page = (EXAMPLES.parent / "docs/resource_server.md").read_text(encoding="utf-8")
    section = page.partition("## Tried with")[2].partition("\n## ")[0]
    named = set(re.findall(r"([A-Z]?[A-Za-z]+(?: REST Framework)?) (\d+\.\d+(?:\.\d+)?)", section))
    assert len(named) >= 10
    assert named == {(name, version(name.replace(" ", "").lower())) for name, _ in named}


def test_an_api_erases_what_it_has_of_people_who_are_gone(
    stack: Stack, actions: Actions, journal: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mo, file = actions.person(), tmp_path / "journals.sqlite"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE journals (owner TEXT)")
        database.executemany("INSERT INTO journals VALUES (?)", [(mo.subject,), ("acct_other",)])
    stack.command("account", "delete", mo.username)
    with stack.parts.database.writing() as session:
        session.execute(update(Account).where(Account.id == mo.subject).values(deleted_at=now() - timedelta(days=15)))
    stack.parts.deleted_accounts.erase_due()
    example = run("erase_deleted_accounts.py", monkeypatch, DATABASE=str(file), **journal)
    assert mo.subject in list(example["deleted"].pending())
    example["deleted"].erase_all(example["erase"])
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT owner FROM journals").fetchall() == [("acct_other",)]
    assert list(example["deleted"].pending()) == []
