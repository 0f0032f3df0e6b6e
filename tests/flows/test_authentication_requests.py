"""How a client wants the person to be asked: prompt, max_age and the hints (OpenID Connect Core §3.1.2.1)."""

import json
import time
from urllib.parse import urlsplit

import pytest
import requests
from joserfc import jws

from tests.support.actions import READ, Actions, App, Person, Verifier, redirect_parameters, tokens

REDIRECT_URI = "https://app.example/callback"
OPENID = "openid"


@pytest.fixture
def app(actions: Actions) -> App:
    """A client whose consents are remembered: confidential, and not on this machine."""
    app = actions.app(scopes=[OPENID, READ])
    registration = ["--redirect-uri", REDIRECT_URI, "--scope", OPENID, "--scope", READ]
    client = actions.stack.command("client", "create", "Assured", *registration)
    app.client_id, app.secret = client["client_id"], client["client_secret"]
    return app


def follow(app: App, person: Person, **parameters: str) -> requests.Response:
    """Where the person's browser ends up with a request."""
    return person.browser.follow(app.authorize_url(Verifier(), redirect_uri=REDIRECT_URI, **parameters))


def refused(app: App, person: Person, **parameters: str | list[str]) -> str:
    """The error that the client is told of."""
    return person.refused(app.authorize_url(Verifier(), redirect_uri=REDIRECT_URI, **parameters))["error"]


def path(answer: requests.Response) -> str:
    return urlsplit(answer.url).path


def connect_once(app: App, person: Person) -> str:
    """The person signs in and allows everything; the ID token."""
    verifier = Verifier()
    answer = person.decide(app.authorize_url(verifier, redirect_uri=REDIRECT_URI), [OPENID, READ])
    code = redirect_parameters(answer)["code"]
    return str(tokens(app.exchange(code, verifier, redirect_uri=REDIRECT_URI)).answer["id_token"])


def auth_time(app: App, code: str, verifier: Verifier) -> int:
    token = tokens(app.exchange(code, verifier, redirect_uri=REDIRECT_URI)).answer["id_token"]
    return int(json.loads(jws.extract_compact(token.encode()).payload)["auth_time"])


# prompt


@pytest.mark.clause("OpenID Connect Core §3.1.2.1", line=136)
def test_none_answers_without_a_page_or_not_at_all(actions: Actions, app: App) -> None:
    mo = actions.person()
    nobody = redirect_parameters(follow(app, mo, prompt="none", state="s"))
    assert nobody == {"error": "login_required", "state": "s", "iss": actions.stack.auth}
    mo.sign_in()
    unasked = redirect_parameters(follow(app, mo, prompt="none", state="s"))
    assert unasked == {"error": "consent_required", "state": "s", "iss": actions.stack.auth}
    connect_once(app, mo)
    assert set(redirect_parameters(follow(app, mo, prompt="none"))) == {"code", "state", "iss"}
    actions.stack.command("account", "disable", mo.username)
    assert redirect_parameters(follow(app, mo, prompt="none"))["error"] == "login_required"


@pytest.mark.clause("OpenID Connect Core §3.1.2.1")
def test_none_asks_nobody_about_a_client_whose_identity_is_not_assured(actions: Actions) -> None:
    app, mo = actions.app(public=True, scopes=[OPENID]), actions.person()
    app.connect(mo)
    answer = mo.browser.follow(app.authorize_url(Verifier(), prompt="none"))
    assert redirect_parameters(answer)["error"] == "consent_required"


@pytest.mark.clause("OpenID Connect Core §3.1.2.1", line=136)
def test_login_wants_the_password_again_and_once(actions: Actions, app: App) -> None:
    mo = actions.person()
    connect_once(app, mo)
    assert "code" in redirect_parameters(follow(app, mo))
    page = follow(app, mo, prompt="login")
    assert path(page) == "/sign-in"
    assert "code" in redirect_parameters(mo.sign_in(address=page.url))


@pytest.mark.clause("OpenID Connect Core §3.1.2.1")
@pytest.mark.parametrize("demand", [{"prompt": "login"}, {"max_age": "0"}])
def test_the_password_can_not_be_skipped_by_sending_the_decision(
    actions: Actions, app: App, demand: dict[str, str]
) -> None:
    mo = actions.person()
    mo.sign_in()
    page = follow(app, mo)
    link = app.authorize_url(Verifier(), redirect_uri=REDIRECT_URI, **demand)
    request_id = mo.browser.get(link, allow_redirects=False).headers["Location"].partition("request=")[2]
    mo.browser.page = page
    answer = mo.browser.submit("/consent", {"request": request_id, "scope": [OPENID], "decision": "allow"})
    assert path(answer) == "/sign-in"


@pytest.mark.clause("OpenID Connect Core §3.1.2.1", line=136)
@pytest.mark.parametrize("prompt", ["consent", "select_account", "consent select_account"])
def test_consent_and_select_account_ask_again_and_offer_another_account(
    actions: Actions, app: App, prompt: str
) -> None:
    mo, ada = actions.person(), actions.person()
    connect_once(app, mo)
    page = follow(app, mo, prompt=prompt)
    assert (path(page), mo.username in page.text) == ("/consent", True)
    another = page.text.partition('href="/sign-in')[2].partition('"')[0].replace("&amp;", "&")
    ada.browser = mo.browser
    asked = ada.sign_in(address=f"/sign-in{another}")
    assert (path(asked), ada.username in asked.text) == ("/consent", True)
    answer = ada.browser.submit("/consent", {"scope": [OPENID], "decision": "allow"})
    assert "code" in redirect_parameters(answer)


@pytest.mark.clause("OpenID Connect Core §3.1.2.1", line=136)
@pytest.mark.parametrize("prompt", ["none login", "consent none", "none none", "create", "Login", "none,login"])
def test_a_prompt_that_makes_no_sense_is_refused(actions: Actions, app: App, prompt: str) -> None:
    assert refused(app, actions.person(), prompt=prompt) == "invalid_request"


# max_age


@pytest.mark.clause("OpenID Connect Core §3.1.2.1", line=136)
def test_max_age_wants_the_password_again_only_from_whoever_gave_it_longer_ago(actions: Actions, app: App) -> None:
    mo = actions.person()
    connect_once(app, mo)
    assert "code" in redirect_parameters(follow(app, mo, max_age="600", prompt="none"))
    time.sleep(1.1)
    too_old = redirect_parameters(follow(app, mo, max_age="1", prompt="none"))
    assert too_old["error"] == "login_required"
    page = follow(app, mo, max_age="1")
    assert path(page) == "/sign-in"
    assert "code" in redirect_parameters(mo.sign_in(address=page.url))


@pytest.mark.clause("OpenID Connect Core §2")
def test_auth_time_is_when_the_password_was_given(actions: Actions, app: App) -> None:
    mo, verifier = actions.person(), Verifier()
    connect_once(app, mo)
    first = auth_time(app, redirect_parameters(_link(app, mo, verifier))["code"], verifier)
    time.sleep(1.1)
    same = auth_time(app, redirect_parameters(_link(app, mo, verifier))["code"], verifier)
    assert same == first
    page = _link(app, mo, verifier, max_age="0")
    later = auth_time(app, redirect_parameters(mo.sign_in(address=page.url))["code"], verifier)
    assert later > first


def _link(app: App, person: Person, verifier: Verifier, **parameters: str) -> requests.Response:
    return person.browser.follow(app.authorize_url(verifier, redirect_uri=REDIRECT_URI, **parameters))


@pytest.mark.clause("OpenID Connect Core §3.1.2.6")
@pytest.mark.parametrize("max_age", ["-1", "1.5", "soon", "١", "1e9", "9" * 30, "0x10"])
def test_a_max_age_that_is_no_number_of_seconds_is_refused(actions: Actions, app: App, max_age: str) -> None:
    assert refused(app, actions.person(), max_age=max_age) == "invalid_request"


# Hints


@pytest.mark.clause("OpenID Connect Core §3.1.2.1", line=136)
def test_the_login_hint_fills_in_the_user_name_and_is_only_text(actions: Actions, app: App) -> None:
    page = follow(app, actions.person(), login_hint='mo"><script>alert(1)</script>')
    assert path(page) == "/sign-in"
    assert 'value="mo&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in page.text
    assert "<script>" not in page.text
    assert follow(app, actions.person(), login_hint="x" * 2000).status_code == 200


@pytest.mark.clause("OpenID Connect Core §3.1.2.1", line=136)
def test_the_id_token_hint_names_who_has_to_be_signed_in(actions: Actions, app: App) -> None:
    mo, ada = actions.person(), actions.person()
    of_mo, of_ada = connect_once(app, mo), connect_once(app, ada)
    assert "code" in redirect_parameters(follow(app, mo, id_token_hint=of_mo, prompt="none"))
    other = redirect_parameters(follow(app, mo, id_token_hint=of_ada, prompt="none"))
    assert other["error"] == "login_required"
    page = follow(app, mo, id_token_hint=of_ada)
    assert path(page) == "/sign-in"
    stubborn = mo.sign_in(address=page.url)
    assert redirect_parameters(stubborn)["error"] == "login_required"
    ada.browser = mo.browser
    page = follow(app, ada, id_token_hint=of_ada)
    assert "code" in redirect_parameters(ada.sign_in(address=page.url))


@pytest.mark.clause("OpenID Connect Core §3.1.2.1")
def test_a_hint_that_was_not_given_to_this_client_is_refused(actions: Actions, app: App) -> None:
    mo, other = actions.person(), actions.app(scopes=[OPENID])
    token = connect_once(app, mo)
    header, payload, signature = token.split(".")
    forged = f"{header}.{payload}.{signature[:-4]}AAAA"
    unsigned = f"eyJhbGciOiJub25lIn0.{payload}."
    foreign = other.connect(mo).answer["id_token"]
    assert jws.extract_compact(foreign.encode()).headers()["alg"] == "RS256"
    for hint in (forged, unsigned, foreign, "x", "a.b.c", "é"):
        assert refused(app, mo, id_token_hint=hint) == "invalid_request"


@pytest.mark.clause("RFC 6749 §3.1")
@pytest.mark.parametrize("name", ["prompt", "max_age", "nonce", "login_hint", "id_token_hint"])
def test_none_of_them_may_be_sent_twice(actions: Actions, app: App, name: str) -> None:
    assert refused(app, actions.person(), **{name: ["1", "1"]}) == "invalid_request"


@pytest.mark.clause("RFC 9126 §2.1")
def test_a_pushed_request_says_the_same_things(actions: Actions) -> None:
    app, mo = actions.app(scopes=[OPENID]), actions.person()
    mo.sign_in()
    assert app.push(Verifier(), prompt="none login").json()["error"] == "invalid_request"
    page = mo.browser.follow(app.pushed_url(Verifier(), prompt="login", login_hint=mo.username))
    assert (path(page), f'value="{mo.username}"' in page.text) == ("/sign-in", True)
    assert path(mo.sign_in(address=page.url)) == "/consent"
