"""The person decides: what is asked, what is remembered, and what can't be slipped past them."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from auth_service.models.consent import Consent
from tests.support.actions import CALLBACK, READ, WRITE, Actions, App, Person, Verifier, redirect_parameters, tokens
from tests.support.stack import Stack

ASSURED = "https://app.example/callback"
"""Of an app whose answers can reach nobody else if it is confidential too."""


def is_asked(app: App, person: Person, scope: str) -> bool:
    """Whether the person, who is signed in, sees the question; else the answer goes back to the app without it."""
    answer = person.browser.follow(app.authorize_url(Verifier(), scope=scope))
    if answer.status_code == 200:
        assert urlsplit(answer.url).path == "/consent"
        return True
    assert "code" in redirect_parameters(answer)
    return False


def let_days_pass(actions: Actions, person: Person, days: int) -> None:
    """For what is remembered of the person's consents."""
    with actions.stack.parts.database.writing() as session:
        for consent in session.scalars(select(Consent).where(Consent.account_id == person.subject)):
            consent.given_at -= timedelta(days=days)


@pytest.mark.clause("RFC 6749 §10.2")
def test_a_consent_is_remembered_for_the_same_scopes_and_asked_again_for_more(actions: Actions) -> None:
    app, mo = actions.app(redirect_uri=ASSURED), actions.person()
    mo.decide(app.authorize_url(Verifier(), scope=READ), [READ])

    assert [is_asked(app, mo, scope) for scope in (READ, f"{READ} {WRITE}")] == [False, True]


@pytest.mark.clause("RFC 6749 §10.2")
def test_a_consent_that_was_given_too_long_ago_is_asked_for_again_however_often_it_was_used(actions: Actions) -> None:
    app, mo = actions.app(redirect_uri=ASSURED), actions.person()
    mo.decide(app.authorize_url(Verifier(), scope=READ), [READ])
    for _ in range(2):
        let_days_pass(actions, mo, 89)
        assert not is_asked(app, mo, READ)
    let_days_pass(actions, mo, 3)
    assert is_asked(app, mo, READ)

    mo.decide(app.authorize_url(Verifier(), scope=READ), [READ])
    let_days_pass(actions, mo, 179)
    assert not is_asked(app, mo, READ)


def test_an_operator_may_have_each_consent_asked_for(start_stack: Callable[..., Stack]) -> None:
    actions = Actions(start_stack(consent_lifetime=0))
    app, mo = actions.app(redirect_uri=ASSURED), actions.person()
    mo.decide(app.authorize_url(Verifier(), scope=READ), [READ])
    assert is_asked(app, mo, READ)


@pytest.mark.clause("RFC 8252 §8.6", line=128)
@pytest.mark.parametrize(
    ("public", "redirect_uri"),
    [(False, CALLBACK), (False, "http://localhost:8002/cb"), (True, CALLBACK), (True, ASSURED)],
)
def test_public_clients_and_those_on_this_machine_always_ask(actions: Actions, public: bool, redirect_uri: str) -> None:
    app, mo = actions.app(public=public, redirect_uri=redirect_uri), actions.person()
    for _ in range(2):
        assert "code" in redirect_parameters(mo.decide(app.authorize_url(Verifier()), [READ, WRITE]))
        page = mo.browser.get(app.authorize_url(Verifier()))
        assert urlsplit(page.url).path == "/consent"


def test_each_authorization_makes_a_grant_of_its_own(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    first, second = app.connect(mo), app.connect(mo)
    app.revoke(first.refresh)
    assert [actions.is_active(each.access) for each in (first, second)] == [False, True]


@pytest.mark.clause("RFC 6749 §3.3")
def test_scopes_that_were_not_asked_for_can_not_be_ticked(actions: Actions) -> None:
    app, mo, verifier = actions.app(), actions.person(), Verifier()
    answer = mo.decide(app.authorize_url(verifier, scope=READ), [READ, WRITE, "plans:read"])
    assert tokens(app.exchange(redirect_parameters(answer)["code"], verifier)).answer["scope"] == READ


@pytest.mark.clause("RFC 9700 §4.16")
def test_the_page_names_app_scopes_duration_and_where_the_answer_goes(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    mo.sign_in()
    page = mo.browser.get(app.authorize_url(Verifier())).text
    for text in (
        app.name,
        "See your body weight",
        "Change your body weight",
        "180 days",
        "127.0.0.1:8002",
        mo.username,
    ):
        assert text in page


def test_another_browser_can_not_decide_a_request(actions: Actions) -> None:
    app, mo, stranger = actions.app(), actions.person(), actions.person()
    mo.sign_in()
    waiting = mo.browser.get(app.authorize_url(Verifier())).url
    stranger.sign_in()
    stolen = stranger.browser.get(waiting)
    assert stolen.status_code in {400, 404}
    stranger.browser.get("/connected-apps")
    request_id = parse_qs(urlsplit(waiting).query)["request"][0]
    answer = stranger.browser.submit("/consent", {"request": request_id, "scope": [READ], "decision": "allow"})
    assert (answer.status_code, "Location" in answer.headers) in {(400, False), (404, False)}


def test_a_request_can_be_decided_once(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    mo.sign_in()
    page = mo.browser.get(app.authorize_url(Verifier()))
    decision = {"scope": [READ], "decision": "allow"}
    assert mo.browser.submit("/consent", decision).headers["Location"].startswith(CALLBACK)
    mo.browser.page = page
    assert mo.browser.submit("/consent", {**decision, "decision": "deny"}).status_code == 400


def test_without_a_decision_nothing_is_granted(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    mo.sign_in()
    mo.browser.get(app.authorize_url(Verifier()))
    answer = mo.browser.submit("/consent", {"scope": [READ]})
    assert "code" not in answer.headers.get("Location", "")
