"""Who hasn't signed in is sent to a client's address only where an operator registered it (RFC 9700 §4.11.2)."""

import html
import re
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from tests.support.actions import READ, TIMEOUT, Actions, App, Verifier, redirect_parameters
from tests.support.registration import RegisteredApp
from tests.support.stack import Stack

CALLBACK = "https://stranger.example:8443/callback"
GOODBYE = "https://stranger.example:8443/goodbye"


@pytest.fixture
def actions(open_stack: Stack) -> Actions:
    open_stack.forget_failures()
    return Actions(open_stack)


@pytest.fixture
def stranger(actions: Actions) -> App:
    said = {"redirect_uris": [CALLBACK], "post_logout_redirect_uris": [GOODBYE], "scope": f"openid {READ}"}
    app = RegisteredApp(actions.stack, **said)
    app.redirect_uri = CALLBACK
    return app


def visit(address: str) -> requests.Response:
    return requests.get(address, headers={"Accept": "text/html"}, timeout=TIMEOUT, allow_redirects=False)


def leads_on_to(page: requests.Response) -> str:
    assert page.status_code == 200
    assert "Nobody has checked who is behind this app" in page.text
    assert "<strong>stranger.example:8443</strong>" in page.text
    [link] = re.findall(r'href="(https:[^"]*)"', page.text)
    return html.unescape(link)


@pytest.mark.clause("RFC 9700 §4.11.2", line=117)
@pytest.mark.parametrize("wrong", [{}, {"scope": "nobody:has"}, {"prompt": "none login"}], ids=str)
def test_a_client_that_registered_itself_gets_nobody_unasked_by_forbidding_to_ask(
    actions: Actions, stranger: App, wrong: dict[str, str]
) -> None:
    page = visit(stranger.authorize_url(Verifier(), **{"prompt": "none", **wrong}))
    answer = dict(parse_qsl(urlsplit(leads_on_to(page)).query))
    assert answer["error"] == ("login_required" if not wrong else answer["error"])
    assert (answer["state"], answer["iss"]) == ("a state", actions.stack.auth)
    mo = actions.person()
    mo.sign_in()
    signed_in = mo.browser.get(stranger.authorize_url(Verifier(), prompt="none"), allow_redirects=False)
    assert redirect_parameters(signed_in)["error"] == "consent_required"


@pytest.mark.clause("RFC 9700 §4.11.2", line=117)
def test_nor_does_it_by_signing_out_who_is_not_signed_in(actions: Actions, stranger: App) -> None:
    mo = actions.person()
    own_hint = stranger.connect(mo).answer["id_token"]
    for proof in ({"client_id": stranger.client_id}, {"id_token_hint": own_hint}):
        query = {**proof, "post_logout_redirect_uri": GOODBYE, "state": "s"}
        address = requests.Request("GET", f"{actions.stack.auth}/logout", params=query).prepare().url or ""
        assert leads_on_to(visit(address)) == f"{GOODBYE}?state=s"
    at_once = mo.browser.get(address, allow_redirects=False)
    assert at_once.headers["Location"] == f"{GOODBYE}?state=s"


@pytest.mark.clause("OpenID Connect Core §3.1.2.1", line=136)
def test_where_nobody_may_be_asked_the_answer_needs_no_cookie_and_nothing_is_kept(actions: Actions) -> None:
    app, redis = actions.app(scopes=["openid", READ]), actions.stack.parts.redis.reads
    kept = redis.dbsize()
    for link in (app.authorize_url(Verifier(), prompt="none"), app.pushed_url(Verifier(), prompt="none")):
        answer = visit(link)
        assert redirect_parameters(answer)["error"] == "login_required"
        assert "Set-Cookie" not in answer.headers
    assert redis.dbsize() <= kept


@pytest.mark.clause("RFC 9110 §9.2.1")
def test_whoever_only_asks_for_the_head_spends_nothing(actions: Actions) -> None:
    app, mo = actions.app(scopes=["openid", READ]), actions.person()
    hint = app.connect(mo).answer["id_token"]
    pushed = app.pushed_url(Verifier())
    log_out = f"{actions.stack.auth}/logout?id_token_hint={hint}"
    for address in (pushed, log_out):
        assert mo.browser.session.head(address, timeout=TIMEOUT).status_code == 405
    page = mo.browser.follow(pushed)
    assert urlsplit(page.url).path == "/consent"
    assert mo.browser.session.head(page.url, timeout=TIMEOUT).status_code == 405
    assert mo.browser.get(page.url).status_code == 200
