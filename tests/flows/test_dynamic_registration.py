"""RFC 7591: clients that register themselves; what they may say, and what nobody believes."""

import re
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.actions import READ, TIMEOUT, WRITE, Actions, Verifier, error_of, redirect_parameters
from tests.support.registration import PUBLIC, RegisteredApp, register
from tests.support.signing_app import SigningApp, ec_key, jwks
from tests.support.stack import Stack

WELL_KNOWN = "/.well-known/oauth-authorization-server"


@pytest.fixture
def actions(open_stack: Stack) -> Actions:
    open_stack.forget_failures()
    return Actions(open_stack)


EDITORS = ["https://www.editor.example/agents/callback", "http://localhost:8787/callback"]
EDITORS_OWN = ["editor://example.editor-mcp/callback", "com.example.editor:/callback", "javascript:alert(1)"]
"""An editor in wide use lists one with its own scheme beside two that strangers may have."""


@pytest.mark.clause("RFC 7591 §3")
def test_an_app_registers_itself_and_lives_the_story(actions: Actions) -> None:
    app = RegisteredApp(actions.stack)
    granted = app.connect(actions.person())
    assert actions.fit("GET", token=granted.access).status_code == 200
    assert app.refresh(granted.refresh).status_code == 200


@pytest.mark.clause("RFC 7591 §3.2.1", lines=(103, 104))
def test_the_answer_holds_everything_that_was_registered(actions: Actions) -> None:
    answer = register(actions.stack, PUBLIC)
    body = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == "application/json"
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
    assert abs(body.pop("client_id_issued_at") - time.time()) < 60
    assert re.fullmatch(r"mra_[\w-]{43}", body.pop("registration_access_token"))
    client_id = body.pop("client_id")
    assert body == {
        **PUBLIC,
        "response_types": ["code"],
        "post_logout_redirect_uris": [],
        "id_token_signed_response_alg": "RS256",
        "require_pushed_authorization_requests": False,
        "dpop_bound_access_tokens": False,
        "registration_client_uri": f"{actions.stack.auth}/register/{client_id}",
    }


@pytest.mark.clause("RFC 7591 §2")
def test_what_is_left_out_gets_its_default(actions: Actions) -> None:
    body = register(actions.stack, {"redirect_uris": ["https://app.example/cb"], "client_name": None}).json()
    assert body["client_name"] == body["client_id"]
    assert body["grant_types"] == ["authorization_code"]
    assert body["token_endpoint_auth_method"] == "client_secret_basic"
    assert set(body["scope"].split()) >= {READ, WRITE, "plans:read"}


@pytest.mark.clause("RFC 7591 §3.2.1")
@pytest.mark.parametrize(
    ("asked_for", "registered"),
    [
        (
            {"grant_types": ["urn:ietf:params:oauth:grant-type:device_code", "authorization_code", "refresh_token"]},
            {"grant_types": ["authorization_code", "refresh_token"]},
        ),
        ({"grant_types": ["authorization_code", "client_credentials"]}, {"grant_types": ["authorization_code"]}),
        ({"response_types": ["code", "code id_token"]}, {"response_types": ["code"]}),
        ({"scope": f"nobody:has {READ}"}, {"scope": READ}),
        (
            {"token_endpoint_auth_method": None, "token_endpoint_auth_methods_supported": ["spiffe_jwt", "none"]},
            {"token_endpoint_auth_method": "none"},
        ),
        (
            {"token_endpoint_auth_method": None, "token_endpoint_auth_methods_supported": ["spiffe_jwt"]},
            {"token_endpoint_auth_method": "client_secret_basic"},
        ),
        (
            {"token_endpoint_auth_methods_supported": ["client_secret_basic", "none"]},
            {"token_endpoint_auth_method": "none"},
        ),
        (
            {
                "token_endpoint_auth_method": None,
                "token_endpoint_auth_methods_supported": ["private_key_jwt", "none"],
                "jwks_uri": "https://app.example/keys",
            },
            {"token_endpoint_auth_method": "none"},
        ),
        ({"redirect_uris": [*EDITORS_OWN, *EDITORS]}, {"redirect_uris": EDITORS}),
    ],
)
def test_what_strangers_are_not_given_is_left_out_and_the_answer_says_so(
    actions: Actions, asked_for: dict[str, Any], registered: dict[str, Any]
) -> None:
    body = register(actions.stack, {**PUBLIC, **asked_for}).json()
    assert {name: body[name] for name in registered} == registered


def test_an_address_that_was_left_out_is_led_to_by_nobody(actions: Actions) -> None:
    app, mo = RegisteredApp(actions.stack, redirect_uris=[EDITORS_OWN[0], *EDITORS]), actions.person()
    app.redirect_uri = EDITORS_OWN[0]
    page = mo.browser.follow(app.authorize_url(Verifier()))
    assert (page.status_code, "redirect_uri is not one that the client registered" in page.text) == (400, True)
    app.redirect_uri = EDITORS[1]
    assert actions.is_active(app.connect(mo).access)


@pytest.mark.clause("RFC 7591 §2")
def test_an_empty_scope_is_the_default(actions: Actions) -> None:
    app = RegisteredApp(actions.stack, scope="")
    assert set(app.scopes) >= {READ, WRITE, "plans:read"}


@pytest.mark.clause("RFC 7591 §3.2.1", line=103)
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_confidential_app_gets_a_secret_that_works_and_does_not_expire(actions: Actions, method: str) -> None:
    app = RegisteredApp(actions.stack, token_endpoint_auth_method=method)
    assert app.registration["client_secret_expires_at"] == 0
    assert app.secret is not None
    granted = app.connect(actions.person())
    assert app.refresh(granted.refresh).status_code == 200
    app.secret += "x"
    assert error_of(app.refresh(granted.refresh)) == (401, "invalid_client")


@pytest.mark.clause("RFC 7591 §2")
def test_an_app_with_keys_registers_them_and_gets_no_secret(actions: Actions) -> None:
    key = ec_key("mine")
    app = RegisteredApp(actions.stack, token_endpoint_auth_method="private_key_jwt", jwks=jwks(key))
    assert "client_secret" not in app.registration
    assert app.registration["jwks"] == jwks(key)
    signing = SigningApp(actions.stack)
    signing.client_id, signing.key = app.client_id, key
    granted = signing.connect(actions.person())
    assert signing.refresh(granted.refresh).status_code == 200


@pytest.mark.clause("OpenID Connect Dynamic Client Registration §2")
def test_an_app_that_signs_people_in_registers_what_it_needs_for_that(actions: Actions) -> None:
    said = {"id_token_signed_response_alg": "ES256", "post_logout_redirect_uris": ["https://app.example/bye"]}
    app = RegisteredApp(actions.stack, scope="openid profile email offline_access", **said)
    assert app.registration["scope"] == "openid profile email"
    assert {name: app.registration[name] for name in said} == said
    assert "id_token" in app.connect(actions.person()).answer


@pytest.mark.clause("RFC 9126 §6")
def test_an_app_may_bind_itself_to_pushed_requests(actions: Actions) -> None:
    app = RegisteredApp(actions.stack, require_pushed_authorization_requests=True)
    assert actions.person().refused(app.authorize_url(Verifier()))["error"] == "invalid_request"
    assert app.push(Verifier()).status_code == 201


@pytest.mark.clause("RFC 9449 §5.2")
def test_an_app_may_bind_its_tokens_to_keys(actions: Actions) -> None:
    app, verifier = RegisteredApp(actions.stack, dpop_bound_access_tokens=True), Verifier()
    code = app.get_code(actions.person(), verifier)
    assert error_of(app.exchange(code, verifier)) == (400, "invalid_dpop_proof")


@pytest.mark.clause("RFC 7591 §2")
def test_what_we_have_no_use_for_is_neither_registered_nor_fetched(actions: Actions) -> None:
    fetched: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fetched.append(self.path)

    with HTTPServer(("127.0.0.1", 0), Listener) as listener:
        threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True).start()
        address = f"http://127.0.0.1:{listener.server_port}/"
        uris = ("logo_uri", "policy_uri", "tos_uri", "jwks_uri", "sector_identifier_uri")
        unknown = {name: address + name for name in uris}
        unknown |= {"initiate_login_uri": address, "software_id": "x", "contacts": ["mo@app.example"], "x": [{"y": 1}]}
        app = RegisteredApp(actions.stack, **unknown, jwks={"keys": []})
        assert not set(app.registration) & {*unknown, "jwks"}
        mo = actions.person()
        app.connect(mo)
        assert address not in mo.browser.get(app.authorize_url(Verifier())).text
        listener.shutdown()
    assert fetched == []


@pytest.mark.clause("RFC 8252 §7.3")
@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1/cb", "http://[::1]/cb", "http://localhost:33418/", "https://a.example"]
)
def test_addresses_on_https_and_on_this_machine_are_accepted(actions: Actions, uri: str) -> None:
    assert RegisteredApp(actions.stack, redirect_uris=[uri]).registration["redirect_uris"] == [uri]


@pytest.mark.clause("RFC 7591 §5")
def test_the_person_is_told_that_nobody_checked_the_app_and_is_asked_each_time(actions: Actions) -> None:
    name = "<b>Bank</b> & \u201cfriends\u201d"
    assured = {"token_endpoint_auth_method": "client_secret_basic", "redirect_uris": ["https://app.example/cb"]}
    app = RegisteredApp(actions.stack, client_name=name, **assured)
    mo = actions.person()
    for _ in range(2):
        link = app.authorize_url(Verifier(), redirect_uri="https://app.example/cb")
        answer = mo.decide(link, app.scopes)
        assert "code" in redirect_parameters(answer)
        page = mo.browser.get(link)
        assert urlsplit(page.url).path == "/consent"
        assert "Nobody has checked" in page.text
        assert "app.example" in page.text
        assert "<b>Bank" not in page.text
    other = actions.app()
    assert "Nobody has checked" not in mo.browser.get(other.authorize_url(Verifier())).text


@pytest.mark.clause("RFC 7591 §5")
def test_registrations_from_one_address_are_throttled(actions: Actions) -> None:
    answers = [register(actions.stack, {**PUBLIC, "scope": "nobody:has"}) for _ in range(31)]
    assert Counter(answer.status_code for answer in answers) == {400: 30, 429: 1}
    assert answers[-1].json()["error"] == "temporarily_unavailable"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 3_600


@pytest.mark.clause("RFC 8414 §2")
def test_the_endpoint_is_announced(actions: Actions) -> None:
    said = requests.get(actions.stack.auth + WELL_KNOWN, timeout=TIMEOUT).json()
    assert said["registration_endpoint"] == f"{actions.stack.auth}/register"


def test_where_registration_is_closed_there_is_no_endpoint(stack: Stack) -> None:
    assert "registration_endpoint" not in requests.get(stack.auth + WELL_KNOWN, timeout=TIMEOUT).json()
    assert register(stack, PUBLIC).status_code == 404
    assert requests.get(f"{stack.auth}/register/x", timeout=TIMEOUT).status_code == 404
    result = stack.auth_app.test_cli_runner().invoke(args=["initial-access-token", "create"])
    assert result.exit_code == 2
