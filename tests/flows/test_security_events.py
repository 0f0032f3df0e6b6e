"""`event list`: what an operator finds afterwards."""

import time
from itertools import chain
from threading import Thread
from typing import Any

import pytest
from limits import RateLimitItemPerHour
from sqlalchemy import func, select

from auth_service.cli import event
from auth_service.models.security_event import SecurityEvent
from auth_service.storage import throttle
from tests.support.actions import READ, WRITE, Actions, Person


def events_of(actions: Actions, person: Person) -> list[dict[str, Any]]:
    """The newest first."""
    listed: list[dict[str, Any]] = actions.stack.command("event", "list", "--username", person.username)
    return listed


def recorded(actions: Actions) -> int:
    """How many failed and throttled sign-ins."""
    kinds = SecurityEvent.kind.in_(["sign_in_failed", "sign_in_throttled"])
    with actions.stack.parts.database.reading() as session:
        return session.scalar(select(func.sum(SecurityEvent.times)).where(kinds)) or 0


def test_it_tells_why_a_grant_ended_and_what_came_before(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    granted, other = app.connect(mo), app.connect(mo)
    app.refresh(granted.refresh)
    app.refresh(granted.refresh)  # reuse
    app.revoke(other.refresh)
    grant_id = actions.introspect(app.connect(mo).access)["grant_id"]
    actions.stack.command("grant", "narrow", grant_id, "--scope", READ)

    listed = actions.stack.command("event", "list", "--username", mo.username)
    assert [(event["kind"], event["who"], event["detail"]) for event in listed] == [
        ("grant_narrowed", "operator", READ),
        ("grant_created", "person", f"{READ} {WRITE}"),
        ("grant_revoked", "client", "client"),
        ("credential_reused", "client", "1 at once"),
        ("grant_revoked", "client", "reuse"),
        ("grant_created", "person", f"{READ} {WRITE}"),
        ("grant_created", "person", f"{READ} {WRITE}"),
        ("signed_in", "person", None),
        ("account_created", "operator", None),
    ]
    assert {event["sub"] for event in listed} == {mo.subject}
    assert {event["client_id"] for event in listed} == {app.client_id, None}
    of_grant = actions.stack.command("event", "list", "--grant-id", grant_id, "--client-id", app.client_id)
    assert of_grant == listed[:2]
    ends = actions.stack.command("event", "list", "--kind", "grant_revoked", "--username", mo.username, "--limit", "1")
    assert ends == listed[2:3]


def test_it_says_whose_request_it_was_and_from_where_and_by_which_id_the_log_has_it(actions: Actions) -> None:
    mo = actions.person()
    mo.browser.session.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
    mo.sign_in()
    signed_in, created = events_of(actions, mo)
    assert {name: signed_in[name] for name in ("kind", "who", "network", "program", "sub", "times")} == {
        "kind": "signed_in",
        "who": "person",
        "network": "127.0.0.1",
        "program": "Firefox on Linux",
        "sub": mo.subject,
        "times": 1,
    }
    by_id = actions.stack.command("event", "list", "--request-id", signed_in["request_id"])
    assert by_id == [signed_in]
    assert [created[name] for name in ("who", "network", "program", "request_id")] == ["operator", None, None, None]


def test_failures_are_counted_by_account_network_and_minute(actions: Actions) -> None:
    mo, eve = actions.person(), actions.person()
    for _ in range(3):
        mo.sign_in(password="not that one")
    eve.sign_in(password="nor that")
    failed = [each for person in (mo, eve) for each in events_of(actions, person) if each["kind"] == "sign_in_failed"]
    assert sum(each["times"] for each in failed if each["sub"] == mo.subject) == 3
    assert len(failed) <= 3, "a minute may end in between, once"
    assert {(each["who"], each["sub"]) for each in failed} == {("stranger", mo.subject), ("stranger", eve.subject)}


def test_attempts_that_nobody_looked_at_are_counted_too(actions: Actions) -> None:
    mo = actions.person()
    for _ in range(13):
        mo.sign_in(password="not that one")
    times = {"sign_in_failed": 0, "sign_in_throttled": 0}
    for each in events_of(actions, mo):
        if each["kind"] in times:
            times[each["kind"]] += each["times"]
    assert times == {"sign_in_failed": 10, "sign_in_throttled": 3}


def test_of_those_that_strangers_can_cause_at_will_so_many_a_minute_are_recorded(
    actions: Actions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "RECORDED_FAILURES", RateLimitItemPerHour(2))
    mo = actions.person()
    before = recorded(actions)
    for _ in range(4):
        mo.browser.get("/sign-in")
        mo.browser.submit("/sign-in", {"username": "nobody at all", "password": "any"})
    for _ in range(13):
        mo.sign_in(password="not that one")
    assert recorded(actions) - before == 2 + 10, "wrong passwords of an account are bounded by the throttle"


@pytest.mark.clause("ASVS 16.2.5")
def test_what_was_typed_as_a_name_is_nowhere_unless_somebody_has_it(
    actions: Actions, caplog: pytest.LogCaptureFixture
) -> None:
    mo = actions.person()
    with caplog.at_level("DEBUG"):
        mo.browser.get("/sign-in")
        mo.browser.submit("/sign-in", {"username": "my secret typed too early", "password": "any"})
        mo.sign_in(password="not that one")
    with actions.stack.parts.database.reading() as session:
        rows = session.execute(select(*SecurityEvent.__table__.c)).all()
    assert "typed too early" not in "\n".join([str(row) for row in rows])
    assert "typed too early" not in "\n".join(str(vars(each)) for each in caplog.records)
    told = [each for each in caplog.records if each.message == "sign-in failed"]
    assert [vars(each)["account_id"] for each in told] == [None, mo.subject]


def test_an_export_goes_on_where_the_one_before_ended(actions: Actions) -> None:
    mo = actions.person()
    mo.sign_in()
    first = actions.stack.command("event", "export", "--username", mo.username, "--limit", "1")
    rest = actions.stack.command("event", "export", "--username", mo.username, "--after", str(first[0]["id"]))
    assert [each["kind"] for each in [*first, *rest]] == ["account_created", "signed_in"]
    newest = actions.stack.command("event", "list", "--username", mo.username)
    assert [*first, *rest] == newest[::-1]
    assert actions.stack.command("event", "list", "--username", mo.username, "--before", str(newest[0]["id"])) == first
    assert actions.stack.command("event", "list", "--username", mo.username, "--since", "2100-01-01") == []


def test_who_follows_is_told_what_happens_from_then_on_once(actions: Actions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event, "PAUSE", 0.01)
    mo = actions.person()
    mo.sign_in()
    with actions.stack.auth_app.app_context():
        new = chain.from_iterable(event._new_ones({"account_id": mo.subject}))
        Thread(target=lambda: (time.sleep(0.2), mo.sign_in(), mo.sign_in())).start()
        assert [next(new).kind for _ in range(2)] == ["signed_in", "signed_in"]


def test_an_account_that_is_not_there_is_said_in_one_line(actions: Actions) -> None:
    result = actions.stack.auth_app.test_cli_runner().invoke(args=["event", "list", "--username", "nobody at all"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "error: there is no account nobody at all: account list says which there are\n"
