"""A person sees what happened to their account and the story of a key that was used twice, and says whose it was."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from xml.etree import ElementTree

import pytest
import requests
from redis import RedisError

from auth_service.pages import activity
from auth_service.protocol.tokens.reuse import TWO_AT_ONCE
from auth_service.storage import grants
from auth_service.storage.grants import GrantStore
from auth_service.storage.token_reuses import SHOWN
from auth_service.storage.token_uses import USES_KEPT
from tests.support.actions import READ, TIMEOUT, Actions, App, Browser, Person, Verifier, error_of, tokens
from tests.support.stack import Stack

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"


def lines(person: Person, address: str = "/activity") -> list[str]:
    """What the page says happened, without the times."""
    page = person.browser.get(address)
    assert page.status_code == 200, page.text
    items = re.findall(r"<li[ >].*?</li>", page.text, re.DOTALL)
    return [" ".join(re.sub(r"<time.*?</time>|<[^>]*>", " ", each).split()) for each in items]


def steal(actions: Actions, app: App, mo: Person, uses: int = 2) -> str:
    """Somebody brings the first refresh token again; the grant's id."""
    newest = first = app.connect(mo)
    grant_id = str(actions.introspect(first.access)["grant_id"])
    for _ in range(uses):
        newest = tokens(app.refresh(newest.refresh))
    form = {"grant_type": "refresh_token", "refresh_token": first.refresh}
    form |= {} if app.secret else {"client_id": app.client_id}
    again = requests.post(
        f"{actions.stack.auth}/token",
        data=form,
        auth=(app.client_id, app.secret) if app.secret else None,
        headers={"User-Agent": "curl/8.9.1"},
        timeout=TIMEOUT,
    )
    assert error_of(again) == (400, "invalid_grant")
    return grant_id


@pytest.fixture
def mo(actions: Actions) -> Person:
    person = actions.person()
    person.browser.session.headers["User-Agent"] = FIREFOX
    return person


def story_of(person: Person, grant_id: str) -> dict[str, object]:
    story: dict[str, object] = person.browser.get(f"/activity/reuse/{grant_id}/story.json").json()
    return story


def test_activity_tells_in_plain_words_what_happened_and_from_where(actions: Actions, mo: Person) -> None:
    mo.sign_in(password="not that one")
    app = actions.app()
    app.connect(mo)
    mo.decide(app.authorize_url(Verifier(), prompt="consent"), [], decision="deny")
    mo.disconnect(app.client_id)
    here = "Firefox on Linux, from 127.0.0.1"
    assert lines(mo) == [
        f"You ended the access of {app.name} . {here}",
        f"You refused {app.name} . {here}",
        f"You connected {app.name} . {here}",
        f"You signed in. {here}",
        f"Somebody gave a wrong password. {here}",
        "Your account was made. By an operator of this service",
    ]


def test_activity_is_shown_in_pages_and_of_nobody_else(
    actions: Actions, mo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "SHOWN", 2)
    other = actions.person()
    other.sign_in()
    for _ in range(3):
        mo.sign_in()
    first = lines(mo)
    older = re.search(r'rel="next" href="([^"]*)"', mo.browser.page.text if mo.browser.page else "")
    assert older is not None
    second = lines(mo, older[1])
    assert [each.split(".")[0] for each in [*first, *second]] == ["You signed in"] * 3 + ["Your account was made"]
    assert mo.browser.get("/activity", params={"before": "elsewhere"}).status_code == 400


@pytest.mark.parametrize("address", ["/activity", "/activity/reuse/00"])
def test_nobody_sees_anything_who_is_not_signed_in(actions: Actions, address: str) -> None:
    page = Browser(actions.stack).get(address, allow_redirects=False)
    assert page.status_code == 303
    assert page.headers["Location"].startswith("/sign-in?next=")


@pytest.mark.clause("RFC 9700 §4.14.2")
def test_a_reuse_has_its_story_as_a_page_and_as_json(actions: Actions, mo: Person) -> None:
    app = actions.app()
    grant_id = steal(actions, app, mo)
    story = story_of(mo, grant_id)
    assert {name: story[name] for name in ("grant_id", "client_id", "client_name", "reused_generation", "answer")} == {
        "grant_id": grant_id,
        "client_id": app.client_id,
        "client_name": app.name,
        "reused_generation": 1,
        "answer": None,
    }
    uses, again = story["uses"], story["conflicting_uses"]
    assert isinstance(uses, list)
    assert isinstance(again, list)
    assert [(use["generation"], use["network"], use["program"]) for use in uses] == [
        (0, "127.0.0.0/24", "python-requests"),
        (1, "127.0.0.0/24", "python-requests"),
        (2, "127.0.0.0/24", "python-requests"),
    ]
    assert [(use["generation"], use["network"], use["program"]) for use in again] == [(1, "127.0.0.0/24", "curl")]
    assert abs(datetime.fromisoformat(again[0]["at"]) - datetime.fromisoformat(str(story["ended_at"]))).seconds < 60
    page = mo.browser.get(f"/activity/reuse/{grant_id}").text
    assert f"A key of <strong><bdi>{app.name}</bdi></strong> was used twice" in page
    assert f"A key of {app.name} was used twice, so its access was ended. See what happened" in lines(mo)[0]


def test_the_picture_has_a_mark_for_each_moment_and_says_in_words_what_it_shows(actions: Actions, mo: Person) -> None:
    grant_id = steal(actions, actions.app(), mo)
    page = mo.browser.get(f"/activity/reuse/{grant_id}").text
    found = re.search(r"<svg.*?</svg>", page, re.DOTALL)
    assert found is not None
    picture = ElementTree.fromstring(found[0])
    assert [group.get("class") for group in picture.iter("g")] == ["use", "twice", "use", "again"]
    named = {each.get("id"): "".join(each.itertext()) for each in picture if each.tag in {"title", "desc"}}
    assert set((picture.get("aria-labelledby") or "").split()) == set(named)
    assert "Key 1 came from A, and again from B." in named["life-text"]
    rows = re.findall(r'<th scope="row">(.*?)</th>', page)
    assert rows == ["Connected", "Key 1", "Key 2", "Key 1 again", "Access ended"]


def test_of_a_long_life_the_first_use_and_the_last_are_told_and_how_many_are_not(actions: Actions, mo: Person) -> None:
    grant_id = steal(actions, actions.app(), mo, uses=USES_KEPT + 5)
    uses = story_of(mo, grant_id)["uses"]
    assert isinstance(uses, list)
    assert [use["generation"] for use in uses] == [0, *range(6, USES_KEPT + 6)]
    page = mo.browser.get(f"/activity/reuse/{grant_id}").text
    assert "5 uses in between are not kept" in page
    assert "One of them had been used long before" in page


def test_whoever_comes_after_the_end_is_part_of_the_story_up_to_a_number(actions: Actions, mo: Person) -> None:
    app = actions.app()
    first = app.connect(mo)
    newest = tokens(app.refresh(first.refresh))
    grant_id = str(actions.introspect(newest.access)["grant_id"])
    for token in (first, first, newest):
        assert error_of(app.refresh(token.refresh)) == (400, "invalid_grant")
    thief = actions.app()
    assert error_of(thief.refresh(newest.refresh)) == (400, "invalid_grant")
    late = story_of(mo, grant_id)["late_uses"]
    assert isinstance(late, list)
    assert [use["generation"] for use in late] == [1, 2], "another client learns nothing, and tells nothing"
    page = mo.browser.get(f"/activity/reuse/{grant_id}").text
    assert "Another key came since then" in page
    rows = re.findall(r'<th scope="row">(.*?)</th>', page)
    assert rows == ["Connected", "Key 1", "Key 1 again", "Access ended", "Key 1 too late", "Key 2 too late"]
    for _ in range(SHOWN):
        app.refresh(newest.refresh)
    late = story_of(mo, grant_id)["late_uses"]
    assert isinstance(late, list)
    assert len(late) == SHOWN
    assert len(actions.stack.command("event", "list", "--grant-id", grant_id, "--kind", "credential_late")) == SHOWN


def test_a_story_is_only_its_persons(actions: Actions, mo: Person) -> None:
    grant_id = steal(actions, actions.app(), mo)
    eve = actions.person()
    eve.sign_in()
    for address in (f"/activity/reuse/{grant_id}", f"/activity/reuse/{grant_id}/story.json", "/activity/reuse/00"):
        assert eve.browser.get(address).status_code == 404
    eve.browser.get("/account")
    assert eve.browser.submit(f"/activity/reuse/{grant_id}", {"answer": "not_me"}).status_code == 404
    assert story_of(mo, grant_id)["answer"] is None


@pytest.mark.parametrize("address", ["/account", "/connected-apps", "/account/security"])
def test_the_next_visit_begins_with_a_notice_until_the_person_has_answered(
    actions: Actions, mo: Person, address: str
) -> None:
    grant_id = steal(actions, actions.app(), mo)
    assert f"/activity/reuse/{grant_id}" in mo.browser.get(address).text
    mo.browser.get(f"/activity/reuse/{grant_id}")
    mo.browser.submit(f"/activity/reuse/{grant_id}", {"answer": "me"})
    assert f"/activity/reuse/{grant_id}" not in mo.browser.get(address).text
    assert story_of(mo, grant_id)["answer"] == "me"


def test_that_was_me_ends_nothing_more(actions: Actions, mo: Person) -> None:
    other = actions.app().connect(mo)
    grant_id = steal(actions, actions.app(), mo)
    mo.browser.get(f"/activity/reuse/{grant_id}")
    assert "You said that it was you" in mo.browser.submit(f"/activity/reuse/{grant_id}", {"answer": "me"}).text
    assert actions.is_active(other.access)


def test_that_was_not_me_ends_every_browser_and_every_grant_at_once_and_asks_for_a_new_password(
    actions: Actions, mo: Person
) -> None:
    other_app = actions.app(redirect_uri="https://app.example/callback")  # not asked again, once it was allowed
    other, elsewhere = other_app.connect(mo), Person.__new__(Person)
    elsewhere.__dict__ |= {**mo.__dict__, "browser": Browser(actions.stack)}
    elsewhere.sign_in()
    grant_id = steal(actions, actions.app(), mo)
    mo.browser.get(f"/activity/reuse/{grant_id}")
    page = mo.browser.submit(f"/activity/reuse/{grant_id}", {"answer": "not_me"})
    assert page.url.endswith("/account/security")
    assert "Now choose a new password" in page.text
    assert not actions.is_active(other.access)
    assert error_of(other_app.refresh(other.refresh)) == (400, "invalid_grant")
    assert elsewhere.browser.get("/account", allow_redirects=False).status_code == 303
    assert mo.browser.get("/account", allow_redirects=False).status_code == 200, "this browser goes on"
    told = actions.stack.command("event", "list", "--username", mo.username, "--kind", "reuse_answered")
    assert [(each["detail"], each["grant_id"], each["who"]) for each in told] == [("not_me", grant_id, "person")]
    assert "Allow" in mo.browser.follow(other_app.authorize_url(Verifier())).text, "they are asked again"


def test_an_answer_is_recorded_once_and_the_graver_one_stays(actions: Actions, mo: Person) -> None:
    grant_id = steal(actions, actions.app(), mo)
    for said in ("me", "me", "not_me", "not_me", "me"):
        mo.browser.get(f"/activity/reuse/{grant_id}")
        mo.browser.submit(f"/activity/reuse/{grant_id}", {"answer": said})
    told = actions.stack.command("event", "list", "--username", mo.username, "--kind", "reuse_answered")
    assert [each["detail"] for each in told] == ["not_me", "me"]
    assert story_of(mo, grant_id)["answer"] == "not_me"


def test_that_was_not_me_is_no_proof_of_who_it_is(actions: Actions, mo: Person) -> None:
    app = actions.app()
    grant_id = steal(actions, app, mo)
    time.sleep(1.1)
    mo.browser.get(f"/activity/reuse/{grant_id}")
    mo.browser.submit(f"/activity/reuse/{grant_id}", {"answer": "not_me"})
    asked = mo.browser.follow(app.authorize_url(Verifier(), max_age="1"))
    assert asked.url.split("?")[0].endswith("/sign-in"), "the password was given longer ago than that"


def test_an_answer_that_is_none_changes_nothing(actions: Actions, mo: Person) -> None:
    grant_id = steal(actions, actions.app(), mo)
    mo.browser.get(f"/activity/reuse/{grant_id}")
    assert mo.browser.submit(f"/activity/reuse/{grant_id}", {"answer": "who knows"}).status_code == 400
    forged = mo.browser.session.post(
        f"{actions.stack.auth}/activity/reuse/{grant_id}", data={"answer": "not_me"}, timeout=TIMEOUT
    )
    assert forged.status_code == 400
    assert story_of(mo, grant_id)["answer"] is None


def test_an_operator_is_warned_with_client_grant_and_both_places(
    actions: Actions, mo: Person, caplog: pytest.LogCaptureFixture
) -> None:
    app = actions.app()
    with caplog.at_level("WARNING"):
        grant_id = steal(actions, app, mo)
    (told,) = (vars(each) for each in caplog.records if each.message == "a spent credential came again: its grant ends")
    assert {name: told[name] for name in ("levelname", "client_id", "grant_id", "generation")} == {
        "levelname": "WARNING",
        "client_id": app.client_id,
        "grant_id": grant_id,
        "generation": 1,
    }
    assert (told["from_network"], told["spent_before_by"]) == ("127.0.0.1", "127.0.0.0/24 python-requests")


@pytest.mark.parametrize(
    ("options", "public", "advised"), [((), False, True), ((), True, False), (("--retry", "until-used"), False, False)]
)
def test_an_operator_is_told_what_looks_like_two_refreshes_at_once(
    actions: Actions,
    mo: Person,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    public: bool,
    advised: bool,
) -> None:
    monkeypatch.setattr(grants, "USED_WINDOW", 0)
    app = actions.app(*options, public=public)
    with caplog.at_level("WARNING"):
        steal(actions, app, mo)
    (told,) = (vars(each) for each in caplog.records if each.message == "a spent credential came again: its grant ends")
    shown = actions.stack.command("client", "show", app.client_id)
    assert [told["advice"], shown.get("advice")] == [TWO_AT_ONCE if advised else None] * 2
    (event, *_) = actions.stack.command("event", "list", "--kind", "credential_reused", "--client-id", app.client_id)
    assert event["detail"] == ("1 at once" if advised else "1")


def test_of_thieves_at_once_all_are_refused_and_there_is_one_story(each_stack: Stack) -> None:
    actions = Actions(each_stack)
    mo, app = actions.person(), actions.app()
    first = app.connect(mo)
    grant_id = str(actions.introspect(first.access)["grant_id"])
    tokens(app.refresh(first.refresh))
    with ThreadPoolExecutor(8) as thieves:
        answers = list(thieves.map(lambda _: error_of(app.refresh(first.refresh)), range(8)))
    assert answers == [(400, "invalid_grant")] * 8
    story = story_of(mo, grant_id)
    assert len(story["uses"]) == 2  # type: ignore[arg-type]
    assert 1 <= len(story["conflicting_uses"]) <= 8  # type: ignore[arg-type]
    assert mo.browser.get(f"/activity/reuse/{grant_id}").status_code == 200
    ends = actions.stack.command("event", "list", "--grant-id", grant_id, "--kind", "grant_revoked")
    assert [each["detail"] for each in ends] == ["reuse"]


def test_a_grant_ends_also_where_its_life_cannot_be_read(
    actions: Actions, mo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> object:
        raise RedisError

    monkeypatch.setattr(GrantStore, "uses", fail)
    grant_id = steal(actions, actions.app(scopes=[READ]), mo)
    story = story_of(mo, grant_id)
    assert (story["uses"], len(story["conflicting_uses"])) == ([], 1)  # type: ignore[arg-type]
    assert mo.browser.get(f"/activity/reuse/{grant_id}").status_code == 200
