"""OpenID Connect Core: an app learns who signed in, and nothing that it did not ask for."""

import base64
import hashlib
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import text

from tests.support.actions import DEVICE_CODE, READ, TIMEOUT, Actions, App, Person, Tokens, Verifier, error_of, tokens
from tests.support.actions import redirect_parameters as parameters_of
from tests.support.lossy_redis import LossyRedis
from tests.support.stack import Stack

OPENID, PROFILE = "openid", "profile"
KEY = "one-and-the-same-key"


@pytest.fixture
def app(actions: Actions) -> App:
    return actions.app(scopes=[OPENID, PROFILE, READ])


def id_token(actions: Actions, granted: Tokens, algorithm: str = "RS256") -> dict[str, Any]:
    """Its claims, verified with the published keys, as a client does it."""
    keys = requests.get(f"{actions.stack.auth}/jwks", timeout=TIMEOUT).json()
    read = jwt.decode(granted.answer["id_token"], KeySet.import_key_set(keys), algorithms=[algorithm])
    assert read.header == {"typ": "JWT", "alg": algorithm, "kid": read.header["kid"]}
    return read.claims


def userinfo(actions: Actions, token: str | None, method: str = "GET", **options: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.request(method, f"{actions.stack.auth}/userinfo", headers=headers, timeout=TIMEOUT, **options)


@pytest.mark.clause("OpenID Connect Core §2", line=135)
def test_the_id_token_says_who_signed_in_when_and_to_which_client(actions: Actions, app: App) -> None:
    mo, before = actions.person(), int(time.time())
    granted = app.connect(mo, nonce="n-0S6_WzA2Mj é +&%")
    claims = id_token(actions, granted)
    assert before <= claims["auth_time"] <= claims["iat"] <= time.time()
    digest = hashlib.sha256(granted.access.encode()).digest()
    assert claims == {
        "iss": actions.stack.auth,
        "sub": mo.subject,
        "aud": app.client_id,
        "exp": claims["iat"] + 3600,
        "iat": claims["iat"],
        "auth_time": claims["auth_time"],
        "amr": ["pwd"],
        "nonce": "n-0S6_WzA2Mj é +&%",
        "at_hash": base64.urlsafe_b64encode(digest[:16]).decode().rstrip("="),
        "preferred_username": mo.username,
    }


@pytest.mark.clause("OpenID Connect Core §2")
def test_without_a_nonce_and_the_profile_scope_their_claims_are_missing(actions: Actions, app: App) -> None:
    claims = id_token(actions, app.connect(actions.person(), scope=OPENID, scopes=[OPENID]))
    assert set(claims) == {"iss", "sub", "aud", "exp", "iat", "auth_time", "amr", "at_hash"}


def test_a_nonce_has_an_end(actions: Actions, app: App) -> None:
    assert id_token(actions, app.connect(actions.person(), nonce="é" * 512))["nonce"] == "é" * 512
    refused = actions.person().refused(app.authorize_url(Verifier(), nonce="n" * 513))
    assert refused["error"] == "invalid_request"


@pytest.mark.clause("OpenID Connect Core §3.1.2.1")
def test_without_the_openid_scope_it_is_plain_oauth(actions: Actions, app: App) -> None:
    granted = app.connect(actions.person(), scope=READ, scopes=[READ])
    assert "id_token" not in granted.answer
    assert userinfo(actions, granted.access).status_code == 401


@pytest.mark.clause("OpenID Connect Core §12.2")
def test_a_refresh_brings_no_new_id_token(actions: Actions, app: App) -> None:
    granted = app.connect(actions.person())
    refreshed = tokens(app.refresh(granted.refresh))
    assert "id_token" not in refreshed.answer
    assert userinfo(actions, refreshed.access).status_code == 200


@pytest.mark.clause("OpenID Connect Dynamic Client Registration §2")
@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_a_client_chooses_the_algorithm(actions: Actions, algorithm: str) -> None:
    app = actions.app("--id-token-signed-response-alg", algorithm, scopes=[OPENID])
    assert id_token(actions, app.connect(actions.person()), algorithm)["aud"] == app.client_id


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_a_repeated_exchange_gets_the_identical_id_token(actions: Actions, algorithm: str) -> None:
    app = actions.app("--id-token-signed-response-alg", algorithm, scopes=[OPENID])
    verifier = Verifier()
    code = app.get_code(actions.person(), verifier, nonce="a nonce")
    first = app.exchange(code, verifier, key=KEY).json()
    actions.stack.command("signing-key", "rotate")
    time.sleep(1.1)  # into another second
    again = app.exchange(code, verifier, key=KEY).json()
    assert first["id_token"].count(".") == 2
    assert {**again, "expires_in": 0} == {**first, "expires_in": 0}


@pytest.mark.clause("OpenID Connect Core §3.1.2.1")
def test_scopes_that_nobody_here_understands_are_ignored_when_signing_in(actions: Actions, app: App) -> None:
    granted = app.connect(actions.person(), scope=f"{OPENID} phone {READ} offline_access", scopes=[OPENID, READ])
    assert granted.answer["scope"] == f"{OPENID} {READ}"


def test_signing_in_is_allowed_or_refused_as_a_whole(actions: Actions, app: App) -> None:
    mo = actions.person()
    refused = mo.decide(app.authorize_url(Verifier()), [READ])
    assert parameters_of(refused)["error"] == "access_denied"
    page = mo.browser.follow(app.authorize_url(Verifier())).text
    assert "use another account" in page
    assert page.count("disabled") == 1
    granted = app.connect(mo, scopes=[OPENID])
    assert granted.answer["scope"] == OPENID
    assert id_token(actions, granted)["sub"] == mo.subject


def test_a_person_signs_in_on_a_device_too(actions: Actions) -> None:
    app, mo = actions.app("--grant-type", DEVICE_CODE, scopes=[OPENID, PROFILE, READ]), actions.person()
    codes = app.begin_device(scope=f"{OPENID} {PROFILE} email")
    page = mo.open_device_page(codes["user_code"]).text
    assert page.count("disabled") == 1
    mo.answer_device(codes["user_code"], [OPENID, PROFILE])
    granted = tokens(app.poll(codes["device_code"], key=KEY))
    claims = id_token(actions, granted)
    assert (claims["sub"], claims["aud"], claims["preferred_username"]) == (mo.subject, app.client_id, mo.username)
    assert time.time() - TIMEOUT < claims["auth_time"] <= claims["iat"]
    assert "nonce" not in claims
    assert app.poll(codes["device_code"], key=KEY).json()["id_token"] == granted.answer["id_token"]
    refused = app.begin_device(scope=f"{OPENID} {READ}")
    mo.answer_device(refused["user_code"], [READ])
    assert error_of(app.poll(refused["device_code"])) == (400, "access_denied")


# /userinfo


@pytest.mark.clause("OpenID Connect Core §5.3", line=138)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_userinfo_tells_what_the_scopes_allow(actions: Actions, app: App, method: str) -> None:
    mo = actions.person()
    everything, little = app.connect(mo), app.connect(mo, scopes=[OPENID])
    answer = userinfo(actions, everything.access, method)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json() == {"sub": mo.subject, "preferred_username": mo.username}
    assert userinfo(actions, little.access, method).json() == {"sub": mo.subject}


@pytest.mark.clause("OpenID Connect Core §5.4")
def test_an_address_is_told_with_its_scope_if_an_operator_said_what_it_is(actions: Actions) -> None:
    app, mo, run = actions.app(scopes=[OPENID, "email"]), actions.person(), actions.stack.command
    with_scope, without = app.connect(mo), app.connect(mo, scope=OPENID)
    told = {"sub": mo.subject}
    assert userinfo(actions, with_scope.access).json() == told
    assert run("account", "set-email", mo.username, "mo@example.org")["email_verified"] is False
    assert userinfo(actions, with_scope.access).json() == {**told, "email": "mo@example.org", "email_verified": False}
    run("account", "set-email", mo.username, "mo@example.org", "--verified")
    assert userinfo(actions, with_scope.access).json() == {**told, "email": "mo@example.org", "email_verified": True}
    assert userinfo(actions, without.access).json() == told
    run("account", "set-email", mo.username)
    assert userinfo(actions, with_scope.access).json() == told


@pytest.mark.parametrize(
    "address",
    ["mo", "mo@", "@example.org", "mo@localhost", "mo@example.org x", "m\u00f6@example.org", "x" * 251 + "@a.b"],
)
def test_what_is_no_address_is_none(actions: Actions, address: str) -> None:
    arguments = ["account", "set-email", actions.person().username, address]
    refused = actions.stack.auth_app.test_cli_runner().invoke(args=arguments)
    assert (refused.exit_code, "looks like" in refused.stderr) == (2, True)


@pytest.mark.clause("OpenID Connect Core §5.3.3", line=138)
@pytest.mark.clause("RFC 6750 §2", line=45)
def test_userinfo_challenges_as_any_resource_server(actions: Actions, app: App) -> None:
    without = userinfo(actions, None)
    assert (without.status_code, "error" in without.headers["WWW-Authenticate"]) == (401, False)
    granted = app.connect(actions.person())
    app.revoke(granted.access)
    for token in (granted.access, granted.refresh, granted.answer["id_token"], "x"):
        refused = userinfo(actions, token)
        assert refused.status_code == 401
        assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]
    twice = userinfo(actions, granted.access, "POST", data={"access_token": granted.access})
    assert twice.status_code == 400
    assert requests.get(f"{actions.stack.auth}/userinfo", {"access_token": "x"}, timeout=TIMEOUT).status_code == 401


def test_a_token_for_userinfo_opens_nothing_else_and_nothing_else_opens_userinfo(actions: Actions, app: App) -> None:
    mo, stack = actions.person(), actions.stack
    signed_in = app.connect(mo, scope=OPENID, scopes=[OPENID])
    assert actions.introspect(signed_in.access) == {"active": False}
    assert actions.fit("GET", token=signed_in.access).status_code == 401
    everything = app.connect(mo)
    assert actions.introspect(everything.access)["aud"] == [f"{stack.auth}/userinfo", stack.fit_credentials.resource]
    for_fit = tokens(app.refresh(everything.refresh, resource=stack.fit_credentials.resource))
    assert (for_fit.answer["scope"], userinfo(actions, for_fit.access).status_code) == (READ, 401)


@pytest.mark.clause("RFC 8707 §2.1")
def test_signing_in_and_naming_a_resource_go_together(actions: Actions, app: App) -> None:
    fit = actions.stack.fit_credentials.resource
    granted = app.connect(actions.person(), resource=fit)
    assert id_token(actions, granted)["aud"] == app.client_id
    assert set(actions.introspect(granted.access)["aud"]) == {fit, f"{actions.stack.auth}/userinfo"}
    verifier = Verifier()
    code = app.get_code(actions.person(), verifier, resource=fit)
    narrow = tokens(app.exchange(code, verifier, resource=fit))
    assert (narrow.answer["scope"], id_token(actions, narrow)["aud"]) == (READ, app.client_id)


def test_a_client_gets_no_identity_for_itself(actions: Actions) -> None:
    app = actions.app("--grant-type", "client_credentials", scopes=[OPENID, READ])
    assert app.client_credentials().json()["scope"] == READ
    assert error_of(app.client_credentials(scope=OPENID)) == (400, "invalid_scope")
    assert error_of(app.client_credentials(resource=f"{actions.stack.auth}/userinfo")) == (400, "invalid_target")


def test_the_identity_scopes_belong_to_nobody_else(actions: Actions) -> None:
    runner = actions.stack.auth_app.test_cli_runner()
    for arguments in (
        ["--resource", "https://other.example/", "--scope", "openid=Mine"],
        ["--resource", f"{actions.stack.auth}/userinfo", "--scope", "mine=Mine"],
    ):
        result = runner.invoke(args=["resource-server", "create", "impostor", *arguments])
        assert (result.exit_code, "belongs to another server" in result.output) == (2, True)
    answer = requests.post(
        f"{actions.stack.auth}/introspect", data={"token": "x"}, auth=("userinfo", ""), timeout=TIMEOUT
    )
    assert error_of(answer) == (401, "invalid_client")


def test_ending_access_on_the_connected_apps_page_ends_userinfo(actions: Actions, app: App) -> None:
    mo = actions.person()
    granted = app.connect(mo)
    page = mo.browser.get("/connected-apps").text
    assert "Recognise you when you come back" in page
    mo.disconnect(app.client_id)
    assert userinfo(actions, granted.access).status_code == 401


# Discovery


@pytest.mark.clause("OpenID Connect Discovery §4", line=139)
def test_discovery_says_what_the_metadata_of_oauth_says(actions: Actions) -> None:
    described = requests.get(f"{actions.stack.auth}/.well-known/openid-configuration", timeout=TIMEOUT)
    assert (described.status_code, described.headers["Content-Type"]) == (200, "application/json")
    said, auth = described.json(), actions.stack.auth
    oauth = requests.get(f"{auth}/.well-known/oauth-authorization-server", timeout=TIMEOUT).json()
    assert said == oauth
    assert said["issuer"] == auth
    assert said["userinfo_endpoint"] == f"{auth}/userinfo"
    assert said["jwks_uri"] == f"{auth}/jwks"
    assert said["subject_types_supported"] == ["public"]
    assert set(said["id_token_signing_alg_values_supported"]) == {"ES256", "RS256"}
    assert {OPENID, PROFILE} < set(said["scopes_supported"])
    assert said["prompt_values_supported"] == ["none", "login", "consent", "select_account"]
    for parameter in ("claims", "request", "request_uri"):
        assert said[f"{parameter}_parameter_supported"] is False


@pytest.mark.clause("OpenID Connect Core §3.1.2.6", line=137)
@pytest.mark.parametrize("parameter", ["request", "request_uri", "registration"])
def test_what_is_announced_as_not_supported_is_refused(actions: Actions, app: App, parameter: str) -> None:
    refused = actions.person().refused(app.authorize_url(Verifier(), **{parameter: "https://client.example/x"}))
    assert refused["error"] == f"{parameter}_not_supported"


@pytest.mark.clause("OpenID Connect Core §3.1.2.1")
def test_a_request_may_come_as_a_form_from_another_site(actions: Actions, app: App) -> None:
    mo: Person = actions.person()
    mo.sign_in()
    link = app.authorize_url(Verifier(), state="a state & more")
    address, _, query = link.partition("?")
    # Like a browser with SameSite=Lax: the form comes without the cookie, the redirect with it.
    form = requests.post(
        address,
        data=query,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        timeout=TIMEOUT,
        allow_redirects=False,
    )
    assert (form.status_code, "Set-Cookie" in form.headers) == (303, False)
    mo.browser.follow(form.headers["Location"])
    answer = mo.browser.submit("/consent", {"scope": [OPENID], "decision": "allow"})
    assert parameters_of(answer)["state"] == "a state & more"
    assert requests.post(address, json={}, timeout=TIMEOUT).status_code == 400
    assert requests.post(link, data={}, timeout=TIMEOUT, allow_redirects=False).status_code == 400


# When something is down


def test_while_signing_keys_can_not_be_read_no_code_is_spent(start_stack: Callable[..., Stack]) -> None:
    actions = Actions(start_stack())
    app, database, verifier = actions.app(scopes=[OPENID]), actions.stack.parts.database, Verifier()
    code = app.get_code(actions.person(), verifier)
    for outage in (True, False):
        with database.writing() as session:
            names = ("signing_keys", "out_of_reach") if outage else ("out_of_reach", "signing_keys")
            session.execute(text("ALTER TABLE {} RENAME TO {}".format(*names)))
        answer = app.exchange(code, verifier)
        keys = requests.get(f"{actions.stack.auth}/jwks", timeout=TIMEOUT)
        if outage:
            assert error_of(answer) == error_of(keys) == (503, "temporarily_unavailable")
            assert answer.headers["Retry-After"] == "1"
    assert id_token(actions, tokens(answer))["aud"] == app.client_id


def test_while_redis_is_away_userinfo_says_so_and_refuses_nobody(
    start_stack: Callable[..., Stack], redis_url: str
) -> None:
    with LossyRedis.of(redis_url) as lossy:
        [proxy] = lossy.proxies
        actions = Actions(start_stack(redis=lossy.url))
        granted = actions.app(scopes=[OPENID]).connect(actions.person())
        proxy.refuse()
        away = userinfo(actions, granted.access)
        proxy.recover()
        assert (away.status_code, away.headers["Retry-After"]) == (503, "1")
        assert userinfo(actions, granted.access).status_code == 200
