"""RFC 7592: a client reads, replaces and deletes its own registration, and nobody else's."""

import threading
from collections import Counter
from typing import Any

import pytest
import requests

from auth_service.models.client import Client
from auth_service.storage.clients import ClientStore
from auth_service.storage.errors import NotFoundError
from tests.support.actions import CALLBACK, READ, TIMEOUT, WRITE, Actions, error_of, tokens
from tests.support.registration import PUBLIC, RegisteredApp
from tests.support.stack import Stack

REFUSED = (401, "invalid_token")


@pytest.fixture
def actions(open_stack: Stack) -> Actions:
    open_stack.forget_failures()
    return Actions(open_stack)


@pytest.fixture
def app(actions: Actions) -> RegisteredApp:
    return RegisteredApp(actions.stack, token_endpoint_auth_method="client_secret_basic")


@pytest.mark.clause("RFC 7592 §2.1")
def test_a_client_reads_what_is_registered_but_its_secret(app: RegisteredApp) -> None:
    answer = app.read()
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    secret = {"client_secret", "client_secret_expires_at"}
    assert answer.json() == {name: value for name, value in app.registration.items() if name not in secret}


@pytest.mark.clause("RFC 7592 §2.2")
def test_an_update_replaces_everything(app: RegisteredApp) -> None:
    said = {"client_id": app.client_id, "redirect_uris": ["https://new.example/cb"], "scope": READ, "logo_uri": None}
    answer = app.manage("PUT", token=app.token, json=said)
    body = answer.json()
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert (body["redirect_uris"], body["scope"]) == (["https://new.example/cb"], READ)
    assert (body["client_name"], body["grant_types"]) == (app.client_id, ["authorization_code"])
    assert "client_secret" not in body
    assert app.read().json() == body


@pytest.mark.clause("RFC 7592 §2.2")
def test_the_secret_stays_the_same_and_may_be_sent_along(actions: Actions, app: RegisteredApp) -> None:
    same = app.update(token_endpoint_auth_method="client_secret_post", client_secret=app.secret)
    assert same.status_code == 200
    granted = app.connect(actions.person())
    assert app.refresh(granted.refresh).status_code == 200


@pytest.mark.clause("RFC 7592 §2.2")
def test_whoever_changes_to_a_secret_gets_one_and_whoever_changes_away_loses_it(actions: Actions) -> None:
    app = RegisteredApp(actions.stack)
    granted = app.connect(actions.person())
    changed = app.update(token_endpoint_auth_method="client_secret_basic").json()
    assert changed["client_secret_expires_at"] == 0
    assert error_of(app.refresh(granted.refresh)) == (401, "invalid_client")
    app.secret = changed["client_secret"]
    refreshed = app.refresh(granted.refresh)
    assert refreshed.status_code == 200
    assert app.update(token_endpoint_auth_method="none").status_code == 200
    assert error_of(app.refresh(refreshed.json()["refresh_token"])) == (401, "invalid_client")
    former, app.secret = app.secret, None
    refreshed = app.refresh(refreshed.json()["refresh_token"])
    assert refreshed.status_code == 200
    assert app.update(token_endpoint_auth_method="client_secret_basic").json()["client_secret"] != former
    app.secret = former
    assert error_of(app.refresh(refreshed.json()["refresh_token"])) == (401, "invalid_client")


@pytest.mark.clause("RFC 7592 §2.2", line=107)
@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "another"},
        {"client_id": None},
        {"client_id": 7},
        {"client_secret": "another"},
        {"client_secret": ""},
        {"client_secret": ["x"]},
        {"registration_access_token": "x"},
        {"registration_client_uri": "https://x.example"},
        {"client_secret_expires_at": 0},
        {"client_id_issued_at": 0},
        {"scope": "nobody:has"},
    ],
    ids=str,
)
def test_an_update_that_contradicts_the_registration_changes_nothing(
    app: RegisteredApp, changes: dict[str, Any]
) -> None:
    before = app.read().json()
    assert error_of(app.update(**changes)) == (400, "invalid_client_metadata")
    assert app.read().json() == before


@pytest.mark.clause("RFC 7592 §2.2")
def test_the_rules_of_registration_hold_for_updates(app: RegisteredApp) -> None:
    assert error_of(app.update(redirect_uris=["http://evil.example"])) == (400, "invalid_redirect_uri")
    assert error_of(app.update(software_statement="x")) == (400, "unapproved_software_statement")
    assert error_of(app.update(grant_types=["client_credentials"])) == (400, "invalid_client_metadata")
    assert app.manage("PUT", token=app.token, data="{").status_code == 400


@pytest.mark.clause("RFC 7592 §2.3", line=108)
def test_deleting_ends_the_client_its_grants_and_its_token(actions: Actions, app: RegisteredApp) -> None:
    granted = app.connect(actions.person())
    answer = app.delete()
    assert (answer.status_code, answer.content, answer.headers["Cache-Control"]) == (204, b"", "no-store")
    assert not actions.is_active(granted.access)
    assert error_of(app.refresh(granted.refresh)) == (401, "invalid_client")
    assert [error_of(again) for again in (app.read(), app.update(), app.delete())] == [REFUSED] * 3


@pytest.mark.clause("RFC 7592 §2.1", line=106)
def test_a_wrong_token_an_unknown_client_and_a_deleted_one_get_the_same_answer(
    actions: Actions, app: RegisteredApp
) -> None:
    other, deleted, by_operator = RegisteredApp(actions.stack), RegisteredApp(actions.stack), actions.app()
    deleted.delete()
    failures = [
        answer
        for method in ("GET", "PUT", "DELETE")
        for answer in (
            app.manage(method, token="wrong", json=PUBLIC),
            app.manage(method, token=other.token, json=PUBLIC),
            app.manage(method, token=app.secret, json=PUBLIC),
            app.manage(method, "nobody", token=app.token, json=PUBLIC),
            app.manage(method, "n%C3%B6body", token=app.token, json=PUBLIC),
            app.manage(method, deleted.client_id, token=deleted.token, json=PUBLIC),
            app.manage(method, by_operator.client_id, token=app.token, json=PUBLIC),
        )
    ]
    assert {error_of(answer) for answer in failures} == {REFUSED}
    assert len({(answer.text, answer.headers["WWW-Authenticate"]) for answer in failures}) == 1
    nothing = app.manage("GET")
    assert error_of(nothing) == REFUSED
    assert nothing.headers["WWW-Authenticate"] == 'Bearer realm="Moogle"'
    assert app.read().status_code == 200


@pytest.mark.clause("RFC 7592 §5")
def test_guessing_is_throttled_and_the_right_token_still_works(app: RegisteredApp) -> None:
    statuses = Counter(app.read("guess").status_code for _ in range(40))
    assert statuses == {401: 30, 429: 10}
    assert app.read().status_code == 200


def test_other_methods_are_not_allowed(app: RegisteredApp) -> None:
    for method in ("POST", "PATCH"):
        assert app.manage(method, token=app.token, json=PUBLIC).status_code == 405


def test_a_client_that_is_deleted_during_an_update_stays_deleted(actions: Actions, app: RegisteredApp) -> None:
    app.delete()
    with pytest.raises(NotFoundError):
        actions.stack.parts.revocation.change_client(app.client_id, lambda client: None)
    for _ in range(5):
        app = RegisteredApp(actions.stack)
        actions.stack.forget_failures()
        threads = [threading.Thread(target=act) for act in (app.update, app.delete, app.update)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert error_of(app.read()) == REFUSED


@pytest.mark.clause("RFC 6749 §3.1.2")
def test_an_address_that_was_replaced_is_no_longer_redirected_to(actions: Actions) -> None:
    app = RegisteredApp(actions.stack, redirect_uris=["https://old.example/cb", CALLBACK])
    assert app.update(redirect_uris=["https://new.example/cb"], scope=f"{READ} {WRITE}").status_code == 200
    for uri, status in (("https://new.example/cb", 303), ("https://old.example/cb", 400), (CALLBACK, 400)):
        link = f"{actions.stack.auth}/authorize"
        request = {"response_type": "code", "client_id": app.client_id, "redirect_uri": uri}
        challenge = {"code_challenge": "c" * 43, "code_challenge_method": "S256"}
        answer = requests.get(link, params={**request, **challenge}, allow_redirects=False, timeout=TIMEOUT)
        assert (answer.status_code, uri in answer.headers.get("Location", "")) == (status, False)


def test_an_update_that_is_overtaken_by_a_new_secret_does_not_revive_the_old_one(
    actions: Actions, app: RegisteredApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up, secrets = ClientStore.find, [app.secret]

    def overtaken(self: ClientStore, client_id: str) -> Client | None:
        found = look_up(self, client_id)
        if len(secrets) == 1:
            secrets.append("")
            secrets[1] = actions.stack.command("client", "rotate-secret", client_id)["client_secret"]
        return found

    with monkeypatch.context() as patch:
        patch.setattr(ClientStore, "find", overtaken)
        kept = {"client_name": app.name, "token_endpoint_auth_method": "client_secret_basic"}
        assert app.update(**kept).status_code == 200
    answers = []
    for app.secret in secrets:
        answers.append(error_of(app.refresh("nonsense")))
    assert answers == [(401, "invalid_client"), (400, "invalid_grant")]


@pytest.mark.clause("RFC 7592 §2.2")
def test_what_a_client_asks_for_no_more_its_grants_lose(actions: Actions, app: RegisteredApp) -> None:
    granted = app.connect(actions.person())
    kept = {"client_name": app.name, "token_endpoint_auth_method": "client_secret_basic"}
    assert app.update(**kept, scope=READ).status_code == 200
    assert actions.introspect(granted.access)["scope"] == READ
    assert tokens(app.refresh(granted.refresh)).answer["scope"] == READ
