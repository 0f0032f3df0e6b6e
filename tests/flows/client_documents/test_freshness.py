"""A document is read again when it is no longer fresh; if that can't be done, the one from before holds for a day."""

from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlsplit

import pytest

from tests.flows.client_documents.conftest import Clock
from tests.support.actions import CALLBACK, READ, WRITE, Actions, Verifier, error_of, tokens
from tests.support.document_host import Answer, DescribedApp

Described = Callable[..., DescribedApp]
Refused = Callable[[DescribedApp], str]


def at(seconds: int) -> str:
    return format_datetime(datetime.fromtimestamp(1_800_000_000 + seconds).astimezone())


LIFETIMES = {
    "nothing": ({}, 3_600),
    "a maximal age": ({"Cache_Control": "private, max-age=600"}, 600),
    "an age that has begun": ({"Cache_Control": "max-age=1000", "Age": "100"}, 900),
    "an age that is none": ({"Cache_Control": "max-age=1000", "Age": "x"}, 1_000),
    "not to store it": ({"Cache_Control": "no-store, max-age=7200"}, 300),
    "to ask again each time": ({"Cache_Control": "no-cache"}, 300),
    "a second": ({"Cache_Control": "max-age=1"}, 300),
    "less than nothing": ({"Cache_Control": "max-age=-5"}, 300),
    "for ever": ({"Cache_Control": "max-age=99999999999999999999"}, 86_400),
    "no number": ({"Cache_Control": "max-age=x"}, 3_600),
    "an end": ({"Date": at(0), "Expires": at(1_000)}, 1_000),
    "an end by its own clock": ({"Date": at(-9_000), "Expires": at(-8_000)}, 1_000),
    "an end that is none": ({"Expires": "0"}, 300),
    "an age and an end": ({"Cache_Control": "max-age=500", "Date": at(0), "Expires": at(1_000)}, 500),
}


@pytest.mark.clause("draft-ietf-oauth-client-id-metadata-document-03 §5.2", line=156)
@pytest.mark.parametrize("says", LIFETIMES)
def test_a_document_is_fresh_for_as_long_as_its_host_says_within_bounds(
    actions: Actions, described: Described, clock: Clock, says: str
) -> None:
    headers, lifetime = LIFETIMES[says]
    app, person = described(headers=headers), actions.person()
    app.connect(person)
    [listed] = [each for each in actions.stack.command("client", "list") if each["client_id"] == app.client_id]
    assert datetime.fromisoformat(listed["document_fresh_until"]) == clock.now + timedelta(seconds=lifetime)
    clock.move(seconds=lifetime - 1)
    app.connect(person)
    assert app.times_read == 1
    clock.move(seconds=1)
    app.connect(person)
    assert app.times_read == 2


def test_a_refresh_has_it_read_again(actions: Actions, described: Described, clock: Clock) -> None:
    app = described()
    granted = app.connect(actions.person())
    clock.move(minutes=61)
    granted = tokens(app.refresh(granted.refresh))
    granted = tokens(app.refresh(granted.refresh))
    assert app.times_read == 2


UNUSABLE: dict[str, Answer] = {
    "a failing host": (503, {}, b""),
    "nothing there": (404, {}, b""),
    "a redirect": (302, {"Location": "https://localhost/"}, b""),
    "another document": (200, {"Content-Type": "application/json"}, b'{"client_id": "https://app.example/"}'),
    "a host that hangs up": lambda handler: handler.connection.close(),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_at_a_refresh_the_last_good_document_holds_for_a_day_and_then_nothing_is_lost(
    actions: Actions, described: Described, clock: Clock, case: str
) -> None:
    app = described()
    granted = app.connect(actions.person())
    app.destroy(UNUSABLE[case])
    clock.move(hours=1)
    granted = tokens(app.refresh(granted.refresh))
    clock.move(hours=23, minutes=59)
    granted = tokens(app.refresh(granted.refresh))
    clock.move(minutes=1)
    for _ in range(3):
        answer = app.refresh(granted.refresh)
        assert error_of(answer) == (503, "temporarily_unavailable")
        assert answer.headers["Retry-After"] == "5"
    app.describe()
    clock.move(seconds=30)
    granted = tokens(app.refresh(granted.refresh))
    assert actions.is_active(granted.access)


def test_tokens_can_be_revoked_also_when_the_document_is_long_gone(
    actions: Actions, described: Described, clock: Clock
) -> None:
    app = described()
    granted = app.connect(actions.person())
    app.destroy()
    clock.move(days=3)
    assert app.revoke(granted.refresh).status_code == 200
    assert not actions.is_active(granted.access)


def test_a_host_that_is_down_is_not_asked_twice_in_a_row(actions: Actions, described: Described, clock: Clock) -> None:
    app = described()
    granted = app.connect(actions.person())
    app.destroy((503, {}, b""))
    clock.move(hours=2)
    for _ in range(4):
        granted = tokens(app.refresh(granted.refresh))
    assert app.times_read == 2
    clock.move(seconds=30)
    tokens(app.refresh(granted.refresh))
    assert app.times_read == 3


def test_a_fault_that_is_mended_is_forgotten_after_a_moment(
    actions: Actions, described: Described, refused: Refused, clock: Clock
) -> None:
    app = described(client_secret="s")
    for _ in range(2):
        assert "must not have client_secret" in refused(app)
    app.describe()
    assert "must not have client_secret" in refused(app)
    assert app.times_read == 1
    clock.move(seconds=30)
    app.connect(actions.person())


def test_a_person_connects_an_app_whose_host_is_down_by_what_is_remembered(
    actions: Actions, described: Described, refused: Refused, clock: Clock
) -> None:
    app, person = described(), actions.person()
    app.connect(person)
    app.destroy((503, {}, b""))
    clock.move(hours=2)
    app.connect(person)
    clock.move(hours=24)
    assert "its host answered 503" in refused(app)


@pytest.mark.clause("draft-ietf-oauth-client-id-metadata-document-03 §5.1", line=155)
def test_a_person_connects_no_app_whose_document_is_none_any_more(
    actions: Actions, described: Described, refused: Refused, clock: Clock
) -> None:
    app = described()
    app.connect(actions.person())
    app.describe(client_secret="s")
    clock.move(hours=2)
    assert "must not have client_secret" in refused(app)


@pytest.mark.clause("draft-ietf-oauth-client-id-metadata-document-03 §9.4", line=158)
def test_what_a_document_says_differently_counts_from_then_on(
    actions: Actions, described: Described, refused: Refused, clock: Clock
) -> None:
    app, person = described(), actions.person()
    granted = app.connect(person)
    app.describe(redirect_uris=["http://127.0.0.1/moved"], scope=READ, client_name="Renamed")
    clock.move(hours=2)
    narrowed = tokens(app.refresh(granted.refresh))
    assert narrowed.answer["scope"] == READ
    assert actions.introspect(granted.access)["scope"] == READ
    assert "redirect_uri is not one" in refused(app)
    app.redirect_uri = "http://127.0.0.1/moved"
    page = person.browser.follow(app.authorize_url(Verifier(), scope=f"{READ} {WRITE}"))
    assert (urlsplit(page.url).path, "Renamed" in page.text, "Described" in page.text) == ("/consent", True, False)


def test_who_is_asked_while_the_document_changes_is_asked_about_what_it_says_now(
    actions: Actions, described: Described, clock: Clock
) -> None:
    app, person = described(), actions.person()
    person.sign_in()
    person.browser.follow(app.authorize_url(Verifier()))
    app.describe(client_name="Renamed")
    clock.move(hours=2)
    page = person.browser.submit("/consent", {"scope": [READ], "decision": "allow"})
    assert (page.status_code, urlsplit(page.url).path, "Renamed" in page.text) == (200, "/consent", True)


def test_a_client_that_nobody_allowed_anything_runs_out_and_comes_again(
    actions: Actions, described: Described, clock: Clock
) -> None:
    app, person = described(), actions.person()
    person.decide(app.authorize_url(Verifier()), [], decision="deny")
    [listed] = [each for each in actions.stack.command("client", "list") if each["client_id"] == app.client_id]
    until = datetime.fromisoformat(listed["unused_until"])
    assert until == clock.now + timedelta(days=30)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("auth_service.storage.clients.now", lambda: until)
        clock.now = until
        clock.move(seconds=1)
        page = person.browser.follow(app.authorize_url(Verifier()))
        assert (page.status_code, app.times_read) == (200, 2)
    app.connect(person)
    [listed] = [each for each in actions.stack.command("client", "list") if each["client_id"] == app.client_id]
    assert listed["unused_until"] is None


def test_another_policy_for_lost_answers_is_a_clients_when_its_document_is_read_again(
    actions: Actions, described: Described, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = described()
    granted = app.connect(actions.person())
    monkeypatch.setattr(actions.stack.parts.document_clients, "_retry", "strict")
    clock.move(hours=2)
    tokens(app.refresh(granted.refresh))
    assert error_of(app.refresh(granted.refresh)) == (400, "invalid_grant")


def test_looking_again_at_a_document_that_says_the_same_is_no_event(
    actions: Actions, described: Described, clock: Clock
) -> None:
    app, person = described(), actions.person()
    app.connect(person)
    app.describe()
    clock.move(hours=2)
    app.connect(person)
    app.describe(redirect_uris=[CALLBACK, "https://app.example/"])
    clock.move(hours=2)
    app.connect(person)
    assert app.times_read == 3
    events = [each for each in actions.stack.command("event", "list") if each["client_id"] == app.client_id]
    told = [(each["kind"], each["detail"]) for each in events if each["kind"].startswith("client_")]
    assert sorted(told) == [("client_changed", "redirect_uris"), ("client_registered", None)]
