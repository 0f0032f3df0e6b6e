"""A browser drops the answer to the first click of two and waits for the other: so both are answered the same."""

from concurrent.futures import ThreadPoolExecutor
from copy import copy
from threading import Event
from urllib.parse import urlsplit

import pytest
import requests

from auth_service.storage.grant_records import GrantRecordStore
from tests.support.actions import (
    CALLBACK,
    DEVICE,
    READ,
    WRITE,
    Actions,
    Person,
    Verifier,
    query_of,
    redirect_parameters,
    tokens,
)

ASSURED = "https://app.example/callback"
GOODBYE = "https://app.example/goodbye"
ALLOW = {"scope": [READ], "decision": "allow"}


def click(mo: Person, action: str, form: dict[str, object], page: requests.Response) -> requests.Response:
    """Press a button of a page that is open, as often as one likes."""
    mo.browser.page = page
    return mo.browser.submit(action, form)


def outcome(answer: requests.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.headers.get("Location")


@pytest.fixture
def mo(actions: Actions) -> Person:
    mo = actions.person()
    mo.sign_in()
    return mo


@pytest.mark.clause("RFC 6749 §4.1.2")
def test_allow_pressed_twice_gets_the_app_its_one_code(actions: Actions, mo: Person) -> None:
    app, verifier = actions.app(), Verifier()
    page = mo.browser.get(app.authorize_url(verifier))
    first, second = (click(mo, "/consent", ALLOW, page) for _ in range(2))
    assert outcome(first) == outcome(second)
    assert second.headers["Location"].startswith(CALLBACK)
    granted = tokens(app.exchange(redirect_parameters(second)["code"], verifier))
    assert actions.is_active(granted.access)
    grants = actions.stack.command("grant", "list", "--username", mo.username)
    assert len(grants) == 1


def test_the_second_click_waits_for_the_answer_to_the_first(
    monkeypatch: pytest.MonkeyPatch, actions: Actions, mo: Person
) -> None:
    app, record, begun, goes_on = actions.app(), GrantRecordStore.add, Event(), Event()

    def held(self: GrantRecordStore, *args: object, **more: object) -> object:
        begun.set()
        goes_on.wait(60)
        return record(self, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(GrantRecordStore, "add", held)
    page = mo.browser.get(app.authorize_url(Verifier()))
    other = copy(mo)
    other.browser = copy(mo.browser)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(click, mo, "/consent", ALLOW, page)
        assert begun.wait(60)
        second = pool.submit(click, other, "/consent", ALLOW, page)
        goes_on.set()
        assert outcome(first.result(60)) == outcome(second.result(60))
        assert "code" in redirect_parameters(second.result())


def test_another_decision_than_the_first_decides_nothing(actions: Actions, mo: Person) -> None:
    app = actions.app()
    page = mo.browser.get(app.authorize_url(Verifier()))
    assert "code" in redirect_parameters(click(mo, "/consent", ALLOW, page))
    for other in ({**ALLOW, "decision": "deny"}, {**ALLOW, "scope": [READ, WRITE]}):
        assert outcome(click(mo, "/consent", other, page)) == (400, None)


def test_a_code_that_was_exchanged_is_not_given_again(actions: Actions, mo: Person) -> None:
    """The app would exchange it again, which is a reuse and ends its grant."""
    app, verifier = actions.app(), Verifier()
    page = mo.browser.get(app.authorize_url(verifier))
    first = click(mo, "/consent", ALLOW, page)
    granted = tokens(app.exchange(redirect_parameters(first)["code"], verifier))
    assert outcome(click(mo, "/consent", ALLOW, page)) == (400, None)
    assert actions.is_active(granted.access)


@pytest.mark.clause("RFC 6749 §10.12")
def test_nobody_else_gets_the_answer(actions: Actions, mo: Person) -> None:
    app, ada = actions.app(), actions.person()
    ada.sign_in()
    page = mo.browser.get(app.authorize_url(Verifier()))
    assert "code" in redirect_parameters(click(mo, "/consent", ALLOW, page))
    assert "Location" not in click(ada, "/consent", ALLOW, page).headers


def test_what_is_kept_says_nothing_to_who_reads_the_store(actions: Actions, mo: Person) -> None:
    app = actions.app()
    page = mo.browser.get(app.authorize_url(Verifier()))
    code = redirect_parameters(click(mo, "/consent", ALLOW, page))["code"]
    redis = actions.stack.parts.redis.reads
    kept = [str(redis.get(key)) for key in redis.scan_iter("answer:*")]
    assert kept
    assert not any(code in each or app.redirect_uri in each for each in kept)
    lives = [redis.pttl(key) for key in redis.scan_iter("answer:*")]  # -1 of one that never ends
    assert all(each != -1 and each <= 10_000 for each in lives)


def test_a_remembered_consent_answers_a_second_visit_the_same(actions: Actions, mo: Person) -> None:
    app = actions.app(redirect_uri=ASSURED)
    mo.decide(app.authorize_url(Verifier(), scope=READ), [READ])
    waiting = mo.browser.get(app.authorize_url(Verifier(), scope=READ), allow_redirects=False).headers["Location"]
    first, second = (mo.browser.get(waiting, allow_redirects=False) for _ in range(2))
    assert outcome(first) == outcome(second)
    assert "code" in redirect_parameters(second)


def test_a_device_is_connected_by_two_clicks_as_by_one(actions: Actions, mo: Person) -> None:
    app = actions.app(*DEVICE)
    codes = app.begin_device()
    page = mo.open_device_page(codes["user_code"])
    for _ in range(2):
        answer = click(mo, "/device", ALLOW, page)
        assert (answer.status_code, f"{app.name}</bdi></strong> is connected" in answer.text) == (200, True)
    assert actions.is_active(tokens(app.poll(codes["device_code"])).access)


@pytest.mark.clause("OpenID Connect RP-Initiated Logout §2")
def test_signing_out_by_two_clicks_returns_to_the_app(actions: Actions, mo: Person) -> None:
    app = actions.app("--post-logout-redirect-uri", GOODBYE)
    asked = {"client_id": app.client_id, "post_logout_redirect_uri": GOODBYE}
    page = mo.browser.get("/logout", params=asked)
    cookies = mo.browser.session.cookies.copy()
    sign_out = {"decision": "sign_out", "request": query_of(page.url)["request"][0]}
    for _ in range(2):
        mo.browser.session.cookies = cookies.copy()  # the first answer, with its new cookie, never came
        assert outcome(click(mo, "/logout/confirm", sign_out, page)) == (303, GOODBYE)
    assert urlsplit(mo.browser.get("/connected-apps").url).path == "/sign-in"
