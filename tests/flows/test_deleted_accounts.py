"""A person deletes their account: everything ends at once, and later all is gone, at the resource servers too."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from sqlalchemy import func, select, update

from auth_service.models.account import Account
from auth_service.models.base import Base, now
from auth_service.models.deletion_notice import DeletionNotice
from auth_service.models.security_event import SecurityEvent
from auth_service.protocol import deleted_accounts
from auth_service.storage.deleted_accounts import tables_of_people
from auth_service.web import browser_session
from fit_service.models.base import Base as FitBase
from fit_service.storage import erasure
from fit_service.storage.erasure import Erasure
from shared.resource_server import CannotValidateError
from shared.resource_server.deleted_accounts import DeletedAccounts
from tests.support.actions import DEVICE, TIMEOUT, WRITE, Actions, App, Browser, Person, Tokens, Verifier, error_of
from tests.support.stack import ResourceServerCredentials, Stack
from tests.support.webhook_worker import parts_of


def delete(person: Person, typed: str | None = None) -> requests.Response:
    if urlsplit(person.browser.follow("/account/data/delete").url).path == "/sign-in":
        assert person.browser.page is not None
        person.sign_in(address=person.browser.page.url)
    return person.browser.submit("/account/data/delete", {"username": typed or person.username})


def let_grace_pass(stack: Stack, person: Person, seconds: int = 14 * 86_400 + 1) -> None:
    """The person deleted the account so long ago; the worker's next turn comes."""
    with stack.parts.database.writing() as session:
        then = now() - timedelta(seconds=seconds)
        session.execute(update(Account).where(Account.id == person.subject).values(deleted_at=then, disabled_at=then))
    stack.parts.deleted_accounts.erase_due()


def told(stack: Stack, server: ResourceServerCredentials, after: str = "") -> dict[str, Any]:
    answer = requests.get(
        f"{stack.auth}/deleted-accounts",
        params={"after": after} if after else {},
        auth=(server.name, server.secret),
        timeout=TIMEOUT,
    )
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store"), answer.text
    body: dict[str, Any] = answer.json()
    return body


def subjects(stack: Stack, server: ResourceServerCredentials) -> list[str]:
    return [each["sub"] for each in told(stack, server)["deleted_accounts"]]


def of(stack: Stack, server: ResourceServerCredentials | None = None) -> DeletedAccounts:
    server = server or stack.fit_credentials
    return DeletedAccounts(issuer=stack.auth, client_id=server.name, client_secret=server.secret)


def rows_of(person: Person, stack: Stack) -> set[str]:
    """In which tables there is something of this person, at both services."""
    found = set()
    for database, base in ((stack.parts.database, Base), (parts_of(stack).database, FitBase)):
        with database.reading() as session:
            for table in base.metadata.sorted_tables:
                for column in table.columns:
                    if column.type.python_type is str and session.scalar(
                        select(func.count()).select_from(table).where(column.contains(person.subject))
                    ):
                        found.add(table.name)
    return found


@pytest.fixture
def mo(actions: Actions) -> Person:
    return actions.person()


@pytest.fixture
def app(actions: Actions) -> App:
    return actions.app(redirect_uri="https://app.example/callback")  # not asked again, once it was allowed


def weigh(stack: Stack, tokens: Tokens, count: int = 1) -> None:
    for _ in range(count):
        answer = requests.post(
            f"{stack.fit}/api/body_weight",
            json={"body_weight": "80", "unit": "kg"},
            headers={"Authorization": f"Bearer {tokens.access}"},
            timeout=TIMEOUT,
        )
        assert answer.status_code == 201, answer.text


def test_deleting_ends_everything_at_once(actions: Actions, mo: Person, app: App) -> None:
    granted, watch = app.connect(mo), actions.app(*DEVICE)
    codes = watch.begin_device()
    mo.answer_device(codes["user_code"], [WRITE])
    elsewhere, mo.browser = mo.browser, Browser(actions.stack)
    page = delete(mo)
    assert (urlsplit(page.url).path, "For 14 days it can still be restored." in page.text) == ("/account/deleted", True)
    assert not actions.is_active(granted.access)
    assert error_of(app.refresh(granted.refresh)) == (400, "invalid_grant")
    assert watch.poll(codes["device_code"]).status_code == 400
    assert elsewhere.get("/account", allow_redirects=False).status_code == 303
    assert mo.sign_in().status_code == 401
    with actions.stack.parts.database.reading() as session:
        consents = Base.metadata.tables["consents"]
        assert session.scalar(select(func.count()).where(consents.c.account_id == mo.subject)) == 0


@pytest.mark.clause("ASVS 7.5.3")
def test_deleting_asks_for_a_fresh_sign_in_and_the_user_name(
    actions: Actions, mo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    mo.sign_in()
    wrong = delete(mo, "somebody else")
    assert (wrong.status_code, "That is not your user name. Nothing was deleted." in wrong.text) == (422, True)
    monkeypatch.setattr(browser_session, "FRESH", 0)
    late = mo.browser.submit("/account/data/delete", {"username": mo.username})
    assert urlsplit(late.url).path == "/sign-in"
    assert "For this, first show once more that it is you" in late.text
    asked = mo.browser.follow("/account/data/delete")
    assert urlsplit(asked.url).path == "/sign-in"
    monkeypatch.undo()
    assert mo.sign_in().status_code == 200


def test_a_double_click_deletes_once_and_gets_the_same_answer(mo: Person) -> None:
    mo.sign_in()
    form = mo.browser.get("/account/data/delete")
    for _ in range(2):
        mo.browser.page = form
        page = mo.browser.submit("/account/data/delete", {"username": mo.username})
        assert urlsplit(page.url).path == "/account/deleted"


def test_within_the_grace_period_an_operator_restores_it(actions: Actions, mo: Person, app: App) -> None:
    granted = app.connect(mo)
    delete(mo)
    let_grace_pass(actions.stack, mo, seconds=14 * 86_400 - 60)
    assert mo.subject not in subjects(actions.stack, actions.stack.fit_credentials)
    enable = actions.stack.auth_app.test_cli_runner().invoke(args=["account", "enable", mo.username])
    assert (enable.exit_code, enable.stderr) == (2, f"error: {mo.username} is deleted: restore it instead\n")
    restored = actions.stack.command("account", "restore", mo.username)
    assert (restored["enabled"], restored["deleted_at"]) == (True, None)
    again = actions.stack.auth_app.test_cli_runner().invoke(args=["account", "restore", mo.username])
    assert (again.exit_code, again.stderr) == (2, f"error: {mo.username} is not deleted\n")
    assert not actions.is_active(granted.access)


def test_a_restored_account_signs_in_again_unless_it_was_disabled_before(actions: Actions, mo: Person) -> None:
    other = actions.person()
    actions.stack.command("account", "disable", other.username)
    for person, status in ((mo, 200), (other, 401)):
        actions.stack.command("account", "delete", person.username)
        actions.stack.command("account", "restore", person.username)
        assert person.sign_in().status_code == status


def test_after_the_grace_period_nothing_is_left_but_events_and_notices(actions: Actions, mo: Person, app: App) -> None:
    granted = app.connect(mo)
    app.revoke(app.connect(mo).access)
    mo.disconnect(app.client_id)
    delete(mo)
    let_grace_pass(actions.stack, mo)
    assert rows_of(mo, actions.stack) == {"security_events", "deletion_notices"}
    events = actions.stack.command("event", "list", "--kind", "account_erased")
    assert mo.subject in [each["sub"] for each in events]
    with actions.stack.parts.database.reading() as session:
        whose = SecurityEvent.account_id == mo.subject
        assert mo.username not in str([vars(event) for event in session.scalars(select(SecurityEvent).where(whose))])
    assert error_of(app.refresh(granted.refresh)) == (400, "invalid_grant")
    again = actions.stack.command("account", "create", mo.username, "--password-stdin", stdin=mo.password)
    assert again["sub"] != mo.subject, "the name is free, and nobody gets the sub"


def test_every_table_that_names_an_account_is_erased() -> None:
    """Whoever adds a table calls the column so, and has nothing else to do."""
    known = {table.name for table in tables_of_people()} | {"security_events"}
    referring = {
        table.name
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name == "accounts"
    }
    assert referring <= known
    assert {"grants", "consents", "withdrawals", "token_reuses"} <= known


def test_an_account_that_is_restored_while_it_is_being_erased_stays(
    actions: Actions, mo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = actions.stack.parts.deleted_accounts
    erase = type(store)._erase

    def restored_first(self: object, account_id: str) -> bool:
        actions.stack.command("account", "restore", mo.username)
        return erase(self, account_id)  # type: ignore[arg-type]

    delete(mo)
    monkeypatch.setattr(type(store), "_erase", restored_first)
    let_grace_pass(actions.stack, mo)
    assert actions.stack.command("account", "show", mo.username)["sub"] == mo.subject
    assert mo.subject not in subjects(actions.stack, actions.stack.fit_credentials)


def test_each_resource_server_is_told_until_it_acknowledges(actions: Actions, mo: Person) -> None:
    stack, eve = actions.stack, actions.person()
    for person in (mo, eve):
        delete(person)
        let_grace_pass(stack, person)
    one, other = stack.fit_credentials, stack.other_credentials
    assert {mo.subject, eve.subject} <= set(subjects(stack, one)) & set(subjects(stack, other))
    acknowledgement = {"data": {"sub": mo.subject}, "auth": (one.name, one.secret), "timeout": TIMEOUT}
    for _ in range(2):
        answer = requests.post(f"{stack.auth}/deleted-accounts", **acknowledgement)
        assert (answer.status_code, answer.json()) == (200, {"sub": mo.subject, "acknowledged": True})
    assert (mo.subject in subjects(stack, one), eve.subject in subjects(stack, one)) == (False, True)
    assert mo.subject in subjects(stack, other), "each for itself"


def test_many_are_told_in_pages(actions: Actions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deleted_accounts, "AT_ONCE", 2)
    stack, people = actions.stack, [actions.person() for _ in range(3)]
    for person in people:
        delete(person)
        let_grace_pass(stack, person)
    before = list(of(stack).pending())
    assert before[-3:] == [person.subject for person in people]
    page = told(stack, stack.fit_credentials)
    assert (len(page["deleted_accounts"]), page["more"]) == (2, True)
    seen: list[str] = []
    for sub in of(stack).pending():  # acknowledging while reading skips nobody
        seen.append(sub)
        of(stack).acknowledge(sub)
    assert seen == before
    assert told(stack, stack.fit_credentials) == {"deleted_accounts": [], "more": False}


@pytest.mark.parametrize("after", ["-1", "x", "1" * 16, "１"])
def test_a_place_that_is_none_is_refused(actions: Actions, after: str) -> None:
    fit = actions.stack.fit_credentials
    answer = requests.get(
        f"{actions.stack.auth}/deleted-accounts",
        params={"after": after},
        auth=(fit.name, fit.secret),
        timeout=TIMEOUT,
    )
    assert error_of(answer) == (400, "invalid_request")


def test_nobody_else_is_told_or_acknowledges(actions: Actions, app: App) -> None:
    address = f"{actions.stack.auth}/deleted-accounts"
    for credentials in (None, (app.client_id, app.secret or ""), (actions.stack.fit_credentials.name, "guessed")):
        for answer in (
            requests.get(address, auth=credentials, timeout=TIMEOUT),
            requests.post(address, data={"sub": "acct_x"}, auth=credentials, timeout=TIMEOUT),
        ):
            assert error_of(answer) == (401, "invalid_client")
    actions.stack.forget_failures()


def test_a_resource_server_that_is_deleted_needs_to_acknowledge_nothing(actions: Actions, mo: Person) -> None:
    server = ["gone-server", "--resource", "https://gone.example/", "--scope", "gone:read=See it"]
    actions.stack.command("resource-server", "create", *server)
    delete(mo)
    let_grace_pass(actions.stack, mo)
    whose = DeletionNotice.resource_server_name == "gone-server"
    count = select(func.count()).select_from(DeletionNotice).where(whose)
    with actions.stack.parts.database.reading() as session:
        assert session.scalar(count) == 1
    actions.stack.command("resource-server", "delete", "gone-server", "--yes")
    with actions.stack.parts.database.reading() as session:
        assert session.scalar(count) == 0


def test_a_fit_service_that_was_stopped_for_weeks_still_erases_what_it_has(
    actions: Actions, mo: Person, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "AT_ONCE", 2)
    stack, eve = actions.stack, actions.person()
    granted, hers = app.connect(mo), app.connect(eve)
    weigh(stack, granted, 5)
    weigh(stack, hers)
    hook = requests.post(
        f"{stack.fit}/api/webhooks",
        json={"url": "http://127.0.0.1:9/hook"},
        headers={"Authorization": f"Bearer {granted.access}"},
        timeout=TIMEOUT,
    )
    assert hook.status_code == 201, hook.text
    delete(mo)
    let_grace_pass(stack, mo)
    for key in stack.parts.redis.reads.scan_iter("*log*"):
        stack.parts.redis.scripts.delete(key)  # whatever the feed had is long gone
    with parts_of(stack).database.reading() as session:
        tables = [table for table in FitBase.metadata.sorted_tables if "subject" in table.c]
        kept = {
            table.name for table in tables if session.execute(select(table).where(table.c.subject == mo.subject)).all()
        }
    assert {"body_weights", "webhooks", "change_counters"} <= kept
    assert of(stack).erase_all(Erasure(parts_of(stack).database).erase) >= 1
    assert rows_of(mo, stack) <= {"security_events", "deletion_notices"}
    assert mo.subject not in subjects(stack, stack.fit_credentials)
    assert "body_weights" in rows_of(eve, stack)


def test_what_could_not_be_erased_is_not_acknowledged_and_comes_again(actions: Actions, mo: Person) -> None:
    eve = actions.person()
    for person in (mo, eve):
        delete(person)
        let_grace_pass(actions.stack, person)
    tried: list[str] = []

    def fail_once(sub: str) -> None:
        tried.append(sub)
        if sub == mo.subject and tried.count(sub) == 1:
            raise OSError

    deleted = of(actions.stack)
    deleted.erase_all(fail_once)
    assert {mo.subject, eve.subject} <= set(tried), "one that fails keeps no other waiting"
    assert subjects(actions.stack, actions.stack.fit_credentials) == [mo.subject]
    deleted.erase_all(fail_once)
    assert subjects(actions.stack, actions.stack.fit_credentials) == []


def test_an_operator_sees_what_is_not_acknowledged_and_for_how_long(actions: Actions, mo: Person) -> None:
    actions.stack.command("account", "delete", mo.username)
    let_grace_pass(actions.stack, mo)

    def said() -> str:
        return str(actions.stack.auth_app.test_cli_runner().invoke(args=["doctor"]).stdout)

    assert "has not acknowledged" not in said()
    with actions.stack.parts.database.writing() as session:
        session.execute(update(DeletionNotice).values(erased_at=now() - timedelta(hours=50)))
    assert re.search(
        r"deleted accounts: moogle-fit has not acknowledged that \d+ accounts are deleted, the first for 50 h", said()
    )
    of(actions.stack).erase_all(lambda _: None)
    assert "moogle-fit has not acknowledged" not in said()


def test_who_may_not_ask_erases_nobody(actions: Actions) -> None:
    deleted = DeletedAccounts(issuer=actions.stack.auth, client_id="moogle-fit", client_secret="wrong")
    with pytest.raises(CannotValidateError):
        list(deleted.pending())
    actions.stack.forget_failures()


def test_a_question_that_is_open_elsewhere_is_not_answered_any_more(actions: Actions, mo: Person, app: App) -> None:
    there = Browser(actions.stack)
    here, mo.browser = mo.browser, there
    page = mo.browser.follow(app.authorize_url(Verifier()))
    page = mo.sign_in(address=page.url)
    mo.browser = here
    delete(mo)
    there.page = page
    answer = there.submit("/consent", {"scope": [WRITE], "decision": "allow"})
    assert "code=" not in answer.headers.get("Location", "")


def test_a_server_that_says_the_same_page_again_and_again_is_not_believed(
    actions: Actions, mo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete(mo)
    let_grace_pass(actions.stack, mo)
    store, notices = actions.stack.parts.deleted_accounts, type(actions.stack.parts.deleted_accounts).notices
    first = notices(store, actions.stack.fit_credentials.name, 0, 1)
    monkeypatch.setattr(deleted_accounts, "AT_ONCE", 1)
    monkeypatch.setattr(type(store), "notices", lambda *_: first * 2)
    with pytest.raises(CannotValidateError, match="same page"):
        list(of(actions.stack).pending())
