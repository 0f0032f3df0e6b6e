"""RP-initiated logout: an app may end the session at the authorization server, and nobody is sent anywhere unasked."""

import time
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.actions import TIMEOUT, Actions, App, Person, query_of

GOODBYE = "https://app.example/goodbye?from=moogle"


@pytest.fixture
def app(actions: Actions) -> App:
    return actions.app("--post-logout-redirect-uri", GOODBYE, scopes=["openid"])


def signed_in(person: Person) -> bool:
    return person.browser.get("/connected-apps", allow_redirects=False).status_code == 200


def log_out(actions: Actions, person: Person, **parameters: str) -> requests.Response:
    link = requests.Request("GET", f"{actions.stack.auth}/logout", params=parameters).prepare().url
    assert link is not None
    return person.browser.follow(link)


def id_token(app: App, person: Person) -> str:
    return str(app.connect(person).answer["id_token"])


@pytest.mark.clause("OpenID Connect RP-Initiated Logout §2.1")
def test_it_is_announced(actions: Actions) -> None:
    said = requests.get(f"{actions.stack.auth}/.well-known/openid-configuration", timeout=TIMEOUT).json()
    assert said["end_session_endpoint"] == f"{actions.stack.auth}/logout"


@pytest.mark.clause("OpenID Connect RP-Initiated Logout §3", line=140)
def test_with_the_id_token_of_whoever_is_signed_in_it_happens_at_once(actions: Actions, app: App) -> None:
    mo = actions.person()
    hint, copy = id_token(app, mo), mo.browser.session.cookies["moogle_auth"]
    answer = log_out(actions, mo, id_token_hint=hint, post_logout_redirect_uri=GOODBYE, state="s &= é")
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{GOODBYE}&state=s+%26%3D+%C3%A9"
    assert not signed_in(mo)
    copied = requests.get(
        f"{actions.stack.auth}/connected-apps",
        cookies={"moogle_auth": copy},
        timeout=TIMEOUT,
        allow_redirects=False,
    )
    assert copied.status_code == 303
    again = log_out(actions, mo, id_token_hint=hint, post_logout_redirect_uri=GOODBYE)
    assert again.headers["Location"] == GOODBYE


@pytest.mark.clause("OpenID Connect RP-Initiated Logout §2")
def test_what_apps_were_allowed_outlives_it(actions: Actions, app: App) -> None:
    mo = actions.person()
    granted = app.connect(mo)
    log_out(actions, mo, id_token_hint=granted.answer["id_token"])
    assert app.refresh(granted.refresh).status_code == 200


@pytest.mark.clause("OpenID Connect RP-Initiated Logout §2", line=140)
def test_without_a_hint_the_person_is_asked(actions: Actions, app: App) -> None:
    mo = actions.person()
    mo.sign_in()
    for parameters in ({}, {"client_id": app.client_id, "post_logout_redirect_uri": GOODBYE, "state": "s"}):
        page = log_out(actions, mo, **parameters)
        assert (page.status_code, urlsplit(page.url).path) == (200, "/logout/confirm")
        assert (mo.username in page.text, app.name in page.text) == (True, bool(parameters))
        assert signed_in(mo)
    mo.browser.page = page
    answer = mo.browser.submit("/logout/confirm", {"decision": "sign_out"})
    assert answer.headers["Location"] == f"{GOODBYE}&state=s"
    assert not signed_in(mo)


@pytest.mark.clause("OpenID Connect RP-Initiated Logout §4")
def test_an_id_token_that_has_long_expired_is_good_enough(actions: Actions, app: App) -> None:
    mo = actions.person()
    mo.sign_in()
    claims = {"iss": actions.stack.auth, "sub": mo.subject, "aud": app.client_id, "iat": 1, "exp": 3601}
    hint = actions.stack.parts.signing_keys.signer("RS256").sign(claims, at=time.time())
    assert log_out(actions, mo, id_token_hint=hint, post_logout_redirect_uri=GOODBYE).headers["Location"] == GOODBYE
    assert not signed_in(mo)


@pytest.mark.clause("OpenID Connect RP-Initiated Logout §2")
def test_a_hint_about_somebody_else_makes_it_a_question(actions: Actions, app: App) -> None:
    mo, ada = actions.person(), actions.person()
    mo.sign_in()
    page = log_out(actions, mo, id_token_hint=id_token(app, ada))
    assert urlsplit(page.url).path == "/logout/confirm"
    assert signed_in(mo)


def test_whoever_says_no_stays_signed_in(actions: Actions, app: App) -> None:
    mo = actions.person()
    mo.sign_in()
    for decision in ("stay", ""):
        log_out(actions, mo, client_id=app.client_id, post_logout_redirect_uri=GOODBYE)
        answer = mo.browser.submit("/logout/confirm", {"decision": decision})
        assert urlsplit(answer.url).path == "/connected-apps"
        assert signed_in(mo)


@pytest.mark.clause("ASVS 3.5.1")
def test_the_answer_can_not_be_forged(actions: Actions) -> None:
    mo, stranger = actions.person(), actions.person()
    mo.sign_in()
    page = log_out(actions, mo)
    request_id = query_of(page.url)["request"][0]
    form = {"decision": "sign_out", "request": request_id}
    forged = mo.browser.session.post(f"{actions.stack.auth}/logout/confirm", data=form, timeout=TIMEOUT)
    assert (forged.status_code, signed_in(mo)) == (400, True)
    stranger.sign_in()
    assert stranger.browser.get(page.url).status_code == 400
    mo.browser.page = page
    assert mo.browser.submit("/logout/confirm", form).status_code == 200
    mo.sign_in()
    mo.browser.page = page
    assert (mo.browser.submit("/logout/confirm", form).status_code, signed_in(mo)) == (400, True)


@pytest.mark.clause("OpenID Connect RP-Initiated Logout §4", line=140)
@pytest.mark.parametrize(
    "address",
    [
        "https://attacker.example/",
        "https://app.example/goodbye",
        GOODBYE + "/..",
        GOODBYE + "#x",
        "https://app.example.attacker.example/goodbye?from=moogle",
        "https://APP.example/goodbye?from=moogle",
        "//attacker.example",
        "/\\attacker.example",
        "javascript:alert(1)",
        GOODBYE + "\r\nX: y",
    ],
)
def test_nobody_is_sent_to_an_address_that_was_not_registered(actions: Actions, app: App, address: str) -> None:
    mo = actions.person()
    hint = id_token(app, mo)
    for parameters in ({"id_token_hint": hint}, {"client_id": app.client_id}):
        answer = log_out(actions, mo, **parameters, post_logout_redirect_uri=address)
        assert (answer.status_code, "Location" in answer.headers) == (400, False)
    assert signed_in(mo)
    unproven = log_out(actions, mo, post_logout_redirect_uri=address)
    assert urlsplit(unproven.url).path == "/logout/confirm"
    answer = mo.browser.submit("/logout/confirm", {"decision": "sign_out"})
    assert (answer.status_code, urlsplit(answer.url).path) == (200, "/logout/done")


@pytest.mark.clause("OpenID Connect RP-Initiated Logout §2")
def test_a_request_that_contradicts_itself_is_refused(actions: Actions, app: App) -> None:
    mo, other = actions.person(), actions.app(scopes=["openid"])
    hint = id_token(app, mo)
    for parameters in (
        {"id_token_hint": hint, "client_id": other.client_id},
        {"client_id": "nobody"},
        {"client_id": other.client_id, "post_logout_redirect_uri": GOODBYE},
    ):
        assert log_out(actions, mo, **parameters).status_code == 400
    twice = mo.browser.get(f"/logout?id_token_hint={hint}&id_token_hint={hint}", allow_redirects=False)
    assert twice.status_code == 400
    assert signed_in(mo)


@pytest.mark.clause("OpenID Connect RP-Initiated Logout §2")
@pytest.mark.parametrize("hint", ["x", "a.b.c", "é", "eyJhbGciOiJub25lIn0.e30.", "access token", "a" * 2000])
def test_what_is_no_id_token_of_ours_proves_nothing(actions: Actions, app: App, hint: str) -> None:
    mo = actions.person()
    granted = app.connect(mo)
    if hint == "access token":
        hint = granted.access
    page = log_out(actions, mo, id_token_hint=hint, post_logout_redirect_uri=GOODBYE)
    assert urlsplit(page.url).path == "/logout/confirm"
    assert signed_in(mo)


def test_an_id_token_from_before_the_server_moved_proves_nothing(actions: Actions, app: App) -> None:
    mo = actions.person()
    mo.sign_in()
    claims = {"iss": "https://former.example", "sub": mo.subject, "aud": app.client_id}
    hint = actions.stack.parts.signing_keys.signer("RS256").sign(claims, at=time.time())
    assert urlsplit(log_out(actions, mo, id_token_hint=hint).url).path == "/logout/confirm"
    assert signed_in(mo)


def test_after_the_client_was_deleted_nobody_returns_to_it(actions: Actions, app: App) -> None:
    mo = actions.person()
    hint = id_token(app, mo)
    waiting = log_out(actions, mo, client_id=app.client_id, post_logout_redirect_uri=GOODBYE)
    actions.stack.command("client", "delete", app.client_id)
    mo.browser.page = waiting
    assert mo.browser.submit("/logout/confirm", {"decision": "sign_out"}).status_code == 400
    assert signed_in(mo)
    answer = log_out(actions, mo, id_token_hint=hint, post_logout_redirect_uri=GOODBYE)
    assert urlsplit(answer.url).path == "/logout/done"


@pytest.mark.clause("OpenID Connect RP-Initiated Logout §2")
def test_it_may_come_as_a_form_from_another_site(actions: Actions, app: App) -> None:
    mo = actions.person()
    form = {"id_token_hint": id_token(app, mo), "post_logout_redirect_uri": GOODBYE}
    sent = requests.post(f"{actions.stack.auth}/logout", data=form, timeout=TIMEOUT, allow_redirects=False)
    assert (sent.status_code, "Set-Cookie" in sent.headers) == (303, False)
    assert mo.browser.follow(sent.headers["Location"]).headers["Location"] == GOODBYE
    assert not signed_in(mo)


def test_who_is_not_signed_in_needs_no_question(actions: Actions) -> None:
    page = log_out(actions, actions.person())
    assert (page.status_code, urlsplit(page.url).path) == (200, "/logout/done")


@pytest.mark.parametrize("uri", ["http://app.example/", "https://app.example/#x", "javascript:alert(1)", "/goodbye"])
def test_an_address_is_registered_under_the_rules_of_redirect_addresses(actions: Actions, uri: str) -> None:
    arguments = ["client", "create", "App", "--redirect-uri", "https://app.example/", "--scope", "openid"]
    result = actions.stack.auth_app.test_cli_runner().invoke(args=[*arguments, "--post-logout-redirect-uri", uri])
    assert result.exit_code == 2
