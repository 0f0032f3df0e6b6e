"""Every kind of event happens, has the particulars that docs/events.md promises, and says whose request it was."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from sqlalchemy import update

from auth_service.models.account import Account
from auth_service.models.acting import Who, acting_as
from auth_service.models.base import now
from auth_service.models.security_event import EventKind, SecurityEvent
from tests.support.actions import DEVICE, READ, TIMEOUT, WRITE, Actions, Browser, Person, Verifier
from tests.support.authenticator import Authenticator, add_passkey, passkey_sign_in
from tests.support.authenticator_app import give_code, set_up_app
from tests.support.registration import RegisteredApp
from tests.support.signing_app import ec_key, jwks
from tests.support.stack import run_stack

PARTICULARS = {"sub": "account_id", "client_id": "client_id", "grant_id": "grant_id", "detail": "detail"}
WHOSE = {
    EventKind.ACCOUNT_CREATED: {"operator"},
    EventKind.ACCOUNT_DISABLED: {"operator"},
    EventKind.ACCOUNT_ENABLED: {"operator"},
    EventKind.PASSKEY_ADDED: {"person"},
    EventKind.PASSKEY_REMOVED: {"person"},
    EventKind.PASSKEY_COUNT_FELL: {"person"},
    EventKind.AUTHENTICATOR_ADDED: {"person"},
    EventKind.AUTHENTICATOR_REMOVED: {"person"},
    EventKind.RECOVERY_CODES_MADE: {"person"},
    EventKind.RECOVERY_CODE_USED: {"person"},
    EventKind.SECOND_FACTOR_RESET: {"operator"},
    EventKind.ACCOUNT_INVITED: {"operator"},
    EventKind.ACCOUNT_REQUESTED: {"stranger"},
    EventKind.EMAIL_CHANGE_REQUESTED: {"person"},
    EventKind.EMAIL_CHANGED: {"operator"},
    EventKind.ACCOUNT_DELETED: {"operator", "person"},
    EventKind.ACCOUNT_RESTORED: {"operator"},
    EventKind.ACCOUNT_ERASED: {"service"},
    EventKind.SIGNED_IN: {"person"},
    EventKind.SIGN_IN_FAILED: {"stranger", "person"},
    EventKind.SIGN_IN_THROTTLED: {"stranger"},
    EventKind.SIGNED_OUT_EVERYWHERE: {"person"},
    EventKind.SESSION_ENDED: {"person", "operator"},
    EventKind.OTHER_SESSIONS_ENDED: {"person"},
    EventKind.PASSWORD_CHANGED: {"person"},
    EventKind.PASSWORD_RESET_REQUESTED: {"stranger"},
    EventKind.PASSWORD_RESET: {"person"},
    EventKind.GRANT_CREATED: {"person"},
    EventKind.CONSENT_DENIED: {"person"},
    EventKind.GRANT_NARROWED: {"operator"},
    EventKind.GRANT_REVOKED: {"person", "client", "operator"},
    EventKind.ACCESS_TOKEN_REVOKED: {"client"},
    EventKind.CREDENTIAL_REUSED: {"client"},
    EventKind.CREDENTIAL_LATE: {"client"},
    EventKind.REUSE_ANSWERED: {"person"},
    EventKind.CLIENT_CREATED: {"operator"},
    EventKind.CLIENT_REGISTERED: {"client"},
    EventKind.CLIENT_CHANGED: {"client"},
    EventKind.CLIENT_SECRET_ROTATED: {"operator"},
    EventKind.CLIENT_KEYS_REPLACED: {"operator"},
    EventKind.CLIENT_DELETED: {"operator", "client"},
    EventKind.RESOURCE_SERVER_CREATED: {"operator"},
    EventKind.RESOURCE_SERVER_CHANGED: {"operator"},
    EventKind.RESOURCE_SERVER_SECRET_ROTATED: {"operator"},
    EventKind.RESOURCE_SERVER_DELETED: {"operator"},
    EventKind.INITIAL_ACCESS_TOKEN_CREATED: {"operator"},
    EventKind.INITIAL_ACCESS_TOKEN_REVOKED: {"operator"},
    EventKind.SIGNING_KEY_ADDED: {"service", "operator"},
    EventKind.SIGNING_KEY_REMOVED: {"operator"},
    EventKind.EVENTS_PRUNED: {"operator"},
}


@pytest.fixture(scope="module")
def events(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> list[SecurityEvent]:
    """What much of everything leaves, in a stack of its own: a signing key is made by the service only once."""
    folder = tmp_path_factory.mktemp("events")
    mail = {"smtp_url": "smtp+plain://localhost:9", "mail_sender": "no-reply@example.org", "sign_up": True}
    with run_stack(folder, redis_url, registration="open", **mail) as stack:
        store = stack.parts.events
        store.add(SecurityEvent(kind="signed_in", at=datetime(2020, 1, 1, tzinfo=UTC)))
        before = [each.id for portion in store.newest({}) for each in portion]
        actions = Actions(stack)
        _what_people_do(actions)
        _what_people_do_with_factors(actions)
        _what_people_do_with_links(actions)
        _what_clients_do(actions)
        _somebody_leaves(actions)
        _what_operators_do(actions, folder / "secret")
        return [event for portion in store.oldest({}, None, max(before)) for event in portion]


def _what_people_do(actions: Actions) -> None:
    mo, app = actions.person(), actions.app()
    app.connect(mo)
    mo.decide(app.authorize_url(Verifier(), prompt="consent"), [], decision="deny")
    watch = actions.app(*DEVICE)
    mo.answer_device(watch.begin_device()["user_code"], [], decision="deny")
    mo.disconnect(app.client_id)
    mo.browser.get("/account")
    mo.browser.submit("/account/password", {"current": "not that one", "new": "a new long password"})
    mo.browser.submit("/account/password", {"current": mo.password, "new": "a new long password"})
    mo.browser.get("/account")
    _end_sessions(actions, mo)
    mo.browser.submit("/account/sign-out-everywhere", {})
    for _ in range(12):
        mo.sign_in(password="not that one")


def _end_sessions(actions: Actions, mo: Person) -> None:
    """Of three, mo ends one, an operator another, and then mo all but their own, whose page they look at."""
    elsewhere = Person.__new__(Person)
    password = "a new long password"
    for _ in range(2):
        elsewhere.__dict__ |= {**mo.__dict__, "browser": Browser(actions.stack), "password": password}
        elsewhere.sign_in()
    names = [each["name"] for each in actions.stack.command("account", "sessions", mo.username)["sessions"]]
    mo.browser.submit("/account/sessions/end", {"name": names[0]})
    actions.stack.command("account", "sessions", mo.username, "--end", names[1])
    mo.browser.submit("/account/sessions/end-others", {})


def _what_people_do_with_factors(actions: Actions) -> None:
    mo, authenticator = actions.person(), Authenticator(actions.stack.auth)
    mo.sign_in()
    add_passkey(mo, authenticator)
    for used in (5, 1):
        authenticator.used = used
        passkey_sign_in(Browser(actions.stack), authenticator)
    [passkey] = actions.stack.parts.passkey_store.of(mo.subject)
    mo.browser.get("/account/security")
    mo.browser.submit("/account/passkeys/remove", {"passkey": passkey.id})
    app = set_up_app(mo)
    mo.sign_in()
    give_code(mo, app.recovery_codes[0])
    mo.browser.get("/account/security")
    mo.browser.submit("/account/recovery-codes", {})
    mo.browser.submit("/account/authenticator/remove", {})
    actions.stack.command("account", "reset-second-factor", mo.username)


def _what_people_do_with_links(actions: Actions) -> None:
    mo, browser = actions.person(), Browser(actions.stack)
    mo.sign_in()
    mo.browser.get("/account/security")
    mo.browser.submit("/account/email", {"email": "mo@example.org", "current_for_email": mo.password})
    browser.get("/forgot-password")
    browser.submit("/forgot-password", {"typed": "nobody at all"})
    browser.get("/sign-up")
    browser.submit("/sign-up", {"username": "somebody new", "email": "new@example.org"})
    browser.follow(actions.stack.command("account", "invite", mo.username)["link"])
    browser.submit("/new-password", {"new": "a fresh long password 7"})


def _what_clients_do(actions: Actions) -> None:
    mo, app = actions.person(), actions.app()
    granted, other = app.connect(mo), app.connect(mo)
    app.revoke(other.access)
    app.revoke(other.refresh)
    grant_id = actions.introspect(granted.access)["grant_id"]
    for _ in range(3):
        app.refresh(granted.refresh)
    mo.browser.get(f"/activity/reuse/{grant_id}")
    mo.browser.submit(f"/activity/reuse/{grant_id}", {"answer": "me"})
    itself = RegisteredApp(actions.stack)
    itself.update(client_uri="https://app.example/")
    itself.update(scope=READ)
    itself.delete()
    requests.get(f"{actions.stack.auth}/jwks", timeout=TIMEOUT)  # signing keys are made when they are first needed


def _somebody_leaves(actions: Actions) -> None:
    eve, parts = actions.person(), actions.stack.parts
    eve.sign_in()
    eve.browser.get("/account/data/delete")
    eve.browser.submit("/account/data/delete", {"username": eve.username})
    with parts.database.writing() as session:
        long_ago = now() - timedelta(days=15)
        session.execute(update(Account).where(Account.id == eve.subject).values(deleted_at=long_ago))
    with acting_as(Who.SERVICE):  # as in the thread that does so: this one may have answered a test before
        parts.deleted_accounts.erase_due()


def _what_operators_do(actions: Actions, secret_file: Path) -> None:
    run, mo, app = actions.stack.command, actions.person(), actions.app()
    grant_id = actions.introspect(app.connect(mo).access)["grant_id"]
    run("grant", "narrow", grant_id, "--scope", READ)
    run("grant", "revoke", grant_id)
    run("account", "disable", mo.username)
    run("account", "enable", mo.username)
    run("account", "set-email", mo.username, "mo@example.org")
    run("account", "delete", mo.username)
    run("account", "restore", mo.username)
    run("client", "rotate-secret", app.client_id)
    create = ["client", "create", "Keys", "--jwks", "-", "--redirect-uri", app.redirect_uri, "--scope", READ]
    with_keys = run(*create, stdin=json.dumps(jwks(ec_key())))["client_id"]
    run("client", "set-keys", with_keys, "-", stdin=json.dumps(jwks(ec_key())))
    run("client", "delete", app.client_id)
    server = ["moogle-events", "--resource", "https://events.example/"]
    run("resource-server", "create", *server, "--scope", "events:read=See events")
    run("resource-server", "rotate-secret", "moogle-events")
    run("resource-server", "ensure", *server, "--scope", "events:read=See events", "--secret-file", str(secret_file))
    run("resource-server", "ensure", *server, "--scope", "events:read=See all", "--secret-file", str(secret_file))
    run("resource-server", "delete", "moogle-events", "--yes")
    with acting_as(Who.OPERATOR):  # the commands refuse where nobody needs such a token
        token, _ = actions.stack.parts.initial_access_tokens.create(60, 1)
        actions.stack.parts.initial_access_tokens.revoke(token.id)
    run("signing-key", "rotate", "--algorithm", "ES256", "--at-once")
    run("database", "prune", "--older-than", "400")


def test_every_kind_of_event_happens_at_somebodys_request(events: list[SecurityEvent]) -> None:
    whose: dict[EventKind, set[str | None]] = {}
    for event in events:
        whose.setdefault(EventKind(event.kind), set()).add(event.who)
    assert whose == WHOSE
    assert set(WHOSE) == set(EventKind)


def test_every_event_has_the_particulars_that_its_kind_has_and_no_others(events: list[SecurityEvent]) -> None:
    for event in events:
        members = EventKind(event.kind).members
        there = {name for name, column in PARTICULARS.items() if getattr(event, column) is not None}
        must = {name for name in members if not name.endswith("?")} - {"times"}
        assert must <= there <= {name.removesuffix("?") for name in members}, vars(event)
        assert event.times == 1 or "times" in members


def test_every_event_of_a_request_says_from_where_and_by_which_id(events: list[SecurityEvent]) -> None:
    for event in events:
        over_http = event.who not in {"operator", "service"}
        whence = (event.network, event.program, event.request_id is not None)
        assert whence == (("127.0.0.1", "python-requests", True) if over_http else (None, None, False))


def test_changes_of_a_client_are_named_and_one_that_changes_nothing_is_none(actions: Actions) -> None:
    app = actions.app(scopes=[READ, WRITE])
    ensure = ["client", "ensure", app.name, "--client-id", app.client_id, "--redirect-uri", app.redirect_uri]
    for _ in range(2):
        actions.stack.command(*ensure, "--public", "--scope", READ, "--retry", "until-used")
    changed = actions.stack.command("event", "list", "--client-id", app.client_id, "--kind", "client_changed")
    assert [each["detail"] for each in changed] == ["retry, scopes, token_endpoint_auth_method"]
