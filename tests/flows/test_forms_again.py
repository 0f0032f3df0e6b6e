"""A form that can't be taken comes again with a word, and an error says how to go on."""

from urllib.parse import urlsplit

import pytest
import requests

from tests.support.actions import (
    DEVICE,
    READ,
    TIMEOUT,
    WRITE,
    Actions,
    Person,
    Verifier,
    error_of,
    query_of,
    redirect_parameters,
)
from tests.support.waiting_devices import PENDING

STALE = "This form was open for too long"
NOTHING_TICKED = "You allowed it, but ticked nothing."


@pytest.fixture
def mo(actions: Actions) -> Person:
    return actions.person()


def credentials(person: Person) -> dict[str, str]:
    return {"username": person.username, "password": person.password}


def place(answer: requests.Response) -> str:
    return urlsplit(answer.url).path


def test_who_signed_in_in_another_tab_goes_on_from_this_one(actions: Actions, mo: Person) -> None:
    app = actions.app()
    tab = mo.browser.get(app.authorize_url(Verifier()))
    mo.sign_in()
    mo.browser.page = tab
    asked = mo.browser.submit(tab.url, credentials(mo))
    assert (asked.status_code, place(asked), app.name in asked.text) == (200, "/consent", True)


def test_who_wants_to_be_somebody_else_in_another_tab_is_asked_again(actions: Actions, mo: Person) -> None:
    ada = actions.person()
    tab = mo.browser.get("/sign-in")
    mo.sign_in()
    mo.browser.page = tab
    again = mo.browser.submit(tab.url, credentials(ada))
    assert (place(again), STALE in again.text) == ("/sign-in", True)
    assert ada.username in mo.browser.submit(again.url, credentials(ada)).text


def test_a_sign_in_form_that_lost_its_session_comes_again(actions: Actions, mo: Person) -> None:
    app = actions.app()
    tab = mo.browser.get(app.authorize_url(Verifier()))
    mo.browser.session.cookies.clear()
    again = mo.browser.submit(tab.url, credentials(mo))
    assert (again.status_code, place(again), STALE in again.text) == (200, "/sign-in", True)
    assert "<title>Error: " in again.text
    assert query_of(again.url)["next"] == query_of(tab.url)["next"]


@pytest.mark.clause("ASVS 3.5.1")
def test_a_question_that_lost_its_session_decides_nothing_and_is_asked_again(actions: Actions, mo: Person) -> None:
    app, verifier = actions.app(), Verifier()
    mo.sign_in()
    question = mo.browser.get(app.authorize_url(verifier))
    mo.sign_in()
    mo.browser.page = question
    again = mo.browser.submit("/consent", {"scope": [READ], "decision": "allow"})
    assert (again.status_code, place(again), STALE in again.text) == (200, "/consent", True)
    answer = mo.browser.submit("/consent", {"scope": [READ], "decision": "allow"})
    assert app.exchange(redirect_parameters(answer)["code"], verifier).status_code == 200


@pytest.mark.parametrize(
    ("page", "action", "form"),
    [
        ("/account/security", "/account/password", {"current": "x", "new": "a fresh long password 7"}),
        ("/account/security", "/account/sign-out-everywhere", {}),
        ("/connected-apps", "/connected-apps/disconnect", {"client_id": "any"}),
        ("/device", "/device", {"decision": "allow"}),
    ],
)
def test_every_form_that_lost_its_session_leads_to_its_page(
    mo: Person, page: str, action: str, form: dict[str, str]
) -> None:
    mo.sign_in()
    opened = mo.browser.get("/account")
    mo.sign_in()
    mo.browser.page = opened
    again = mo.browser.submit(action, form)
    assert (again.status_code, place(again), STALE in again.text) == (200, page, True)


@pytest.mark.clause("ASVS 3.5.1")
def test_the_form_of_another_site_touches_nobodys_session(actions: Actions, mo: Person) -> None:
    """Browsers send it without the cookie: an answer with a new one would sign people out."""
    form = {"csrf_token": "made up", "username": mo.username, "password": mo.password}
    for path in ("/sign-in", "/consent", "/sign-out", "/logout/confirm", "/account/password"):
        answer = requests.post(
            actions.stack.auth + path,
            data=form,
            headers={"Accept": "text/html"},
            timeout=TIMEOUT,
            allow_redirects=False,
        )
        assert (answer.status_code, "Set-Cookie" in answer.headers) == (303, False), path
        assert answer.headers["Location"].startswith("/")


def test_allow_with_nothing_ticked_says_so_and_asks_again(actions: Actions, mo: Person) -> None:
    app, verifier = actions.app(), Verifier()
    mo.sign_in()
    mo.browser.get(app.authorize_url(verifier))
    again = mo.browser.submit("/consent", {"decision": "allow"})
    assert (again.status_code, place(again), NOTHING_TICKED in again.text) == (200, "/consent", True)
    answer = mo.browser.submit("/consent", {"scope": [READ], "decision": "allow"})
    assert app.exchange(redirect_parameters(answer)["code"], verifier).status_code == 200


def test_a_device_for_which_nothing_is_ticked_still_waits(actions: Actions, mo: Person) -> None:
    app = actions.app(*DEVICE)
    codes = app.begin_device()
    again = mo.answer_device(codes["user_code"], [])
    assert (again.status_code, place(again), NOTHING_TICKED in again.text) == (200, "/device", True)
    assert error_of(app.poll(codes["device_code"])) == PENDING
    assert "is connected" in mo.browser.submit("/device", {"scope": [READ, WRITE], "decision": "allow"}).text


def test_an_error_says_by_which_id_it_is_in_the_log_and_leads_back(mo: Person) -> None:
    error = mo.browser.get("/consent?request=unknown")
    assert error.status_code == 400
    assert "<title>Error: " in error.text
    assert f"<code>{error.headers['X-Request-Id']}</code>" in error.text
    assert 'href="/"' in error.text.partition("<main")[2]


def test_signing_out_ends_on_the_page_that_says_so(mo: Person) -> None:
    mo.sign_in()
    for action in ("/sign-out", "/account/sign-out-everywhere"):
        mo.sign_in()
        mo.browser.get("/account")
        done = mo.browser.submit(action, {})
        assert (place(done), "You are signed out" in done.text) == ("/logout/done", True)


def test_pages_say_where_one_is_and_how_to_skip_what_is_the_same_everywhere(mo: Person) -> None:
    mo.sign_in()
    page = mo.browser.get("/account").text
    assert 'href="/account" aria-current="page"' in page
    assert page.count("aria-current") == 1
    assert '<a class="skip" href="#main">' in page
    assert '<main id="main" tabindex="-1">' in page


def test_what_is_wrong_is_tied_to_the_field(mo: Person) -> None:
    page = mo.sign_in("wrong password").text
    assert "<title>Error: Sign in" in page
    field = page.partition('id="password"')[2].partition(">")[0]
    assert ('id="problem"' in page, 'aria-describedby="problem"' in field) == (True, True)
