"""RFC 7591 §3.2.2: a registration that can't be is refused with the reason, and registers nothing."""

import json
from typing import Any

import pytest
import requests

from tests.support.actions import READ, TIMEOUT, Actions, error_of
from tests.support.registration import PUBLIC, register
from tests.support.signing_app import ec_key, jwks
from tests.support.stack import Stack


@pytest.fixture
def actions(open_stack: Stack) -> Actions:
    open_stack.forget_failures()
    return Actions(open_stack)


def refused(actions: Actions, **changes: Any) -> tuple[int, str]:
    answer = register(actions.stack, {**PUBLIC, **changes})
    assert "client_id" not in answer.json()
    return error_of(answer)


BAD_REDIRECT_URIS: list[Any] = [
    [],
    "https://app.example/cb",
    [None],
    [7],
    [["https://app.example/cb"]],
    [""],
    ["http://app.example/cb"],
    ["https://app.example/cb#fragment"],
    ["https://mo@app.example/cb"],
    ["https:///cb"],
    ["https://"],
    ["//app.example/cb"],
    ["/cb"],
    ["javascript:alert(1)"],
    ["data:text/html,x"],
    ["file:///etc/passwd"],
    ["com.example.app:/cb"],
    ["myapp://cb"],
    ["https://app.example/c b"],
    ["https://app.example/\\evil.example"],
    ["https://app.example/\r\nX: y"],
    ["https://app.example/\0"],
    ["https://ääpp.example/cb"],
    ["https://[::1/cb"],
    ["https://app.example/" + "x" * 1_000],
    ["https://app.example/cb", "http://app.example/cb"],
    ["https://app.example/cb", "/cb"],
    ["https://app.example/cb", ""],
    [f"https://app.example/{number}" for number in range(21)],
    ["\ud800"],
]


@pytest.mark.clause("RFC 7591 §3.2.2", lines=(104, 105))
@pytest.mark.clause("RFC 9700 §2.6", line=114)
@pytest.mark.clause("RFC 6749 §3.1.2", line=34)
@pytest.mark.parametrize("redirect_uris", BAD_REDIRECT_URIS, ids=lambda uris: ascii(uris)[:40])
def test_a_bad_redirect_address_is_refused(actions: Actions, redirect_uris: Any) -> None:
    assert refused(actions, redirect_uris=redirect_uris) == (400, "invalid_redirect_uri")


BAD_METADATA: list[dict[str, Any]] = [
    {"client_name": ""},
    {"client_name": 7},
    {"client_name": "x" * 101},
    {"client_name": "Moogle\u202eelgooM"},
    {"client_name": "a\nb"},
    {"client_name": "a\0b"},
    {"client_name": "zero\u200bwidth"},
    {"client_name": "\ud800"},
    {"token_endpoint_auth_method": "client_secret_jwt"},
    {"token_endpoint_auth_methods_supported": "none"},
    {"token_endpoint_auth_method": "tls_client_auth"},
    {"token_endpoint_auth_method": ["none"]},
    {"token_endpoint_auth_method": "private_key_jwt"},
    {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": []}},
    {"token_endpoint_auth_method": "private_key_jwt", "jwks": "x"},
    {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://app.example/jwks"},
    {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://x.example", "jwks": jwks(ec_key())},
    {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [ec_key().as_dict(private=True)]}},
    {"grant_types": []},
    {"grant_types": "authorization_code"},
    {"grant_types": ["refresh_token"]},
    {"grant_types": ["implicit"], "response_types": ["token"]},
    {"grant_types": ["client_credentials"]},
    {"grant_types": [{}]},
    {"response_types": []},
    {"response_types": ["token"]},
    {"response_types": {"code": 1}},
    {"scope": "nobody:has"},
    {"scope": [READ]},
    {"require_pushed_authorization_requests": "yes"},
    {"dpop_bound_access_tokens": 1},
    {"id_token_signed_response_alg": "none"},
    {"id_token_signed_response_alg": "HS256"},
    {"post_logout_redirect_uris": ["http://app.example/"]},
    {"post_logout_redirect_uris": "https://app.example/"},
    {"post_logout_redirect_uris": [f"https://app.example/{number}" for number in range(21)]},
]


@pytest.mark.clause("RFC 7591 §3.2.2", lines=(104, 105))
@pytest.mark.parametrize("changes", BAD_METADATA, ids=lambda changes: ascii(changes)[:60])
def test_bad_metadata_are_refused(actions: Actions, changes: dict[str, Any]) -> None:
    assert refused(actions, **changes) == (400, "invalid_client_metadata")


MALFORMED = [b"", b"{", b"[]", b'"x"', b"null", b"7", b"[" * 50_000, b'{"client_name": "' + b"\xff" + b'"}', b"x=y"]


@pytest.mark.clause("RFC 7591 §3.1")
@pytest.mark.parametrize("body", MALFORMED, ids=lambda body: ascii(body[:20]))
def test_what_is_no_json_object_is_refused(actions: Actions, body: bytes) -> None:
    answer = requests.post(
        f"{actions.stack.auth}/register", data=body, headers={"Content-Type": "application/json"}, timeout=TIMEOUT
    )
    assert error_of(answer) == (400, "invalid_client_metadata")


@pytest.mark.clause("RFC 7591 §3.1")
def test_only_json_of_a_sensible_size_is_read_and_only_by_post(actions: Actions) -> None:
    address = f"{actions.stack.auth}/register"
    form = requests.post(address, data=json.dumps(PUBLIC), headers={"Content-Type": "text/plain"}, timeout=TIMEOUT)
    assert error_of(form) == (400, "invalid_client_metadata")
    assert register(actions.stack, {**PUBLIC, "x": "x" * 100_000}).status_code == 413
    assert requests.get(address, timeout=TIMEOUT).status_code == 405


@pytest.mark.clause("RFC 7591 §3.2.2")
def test_software_statements_are_refused(actions: Actions) -> None:
    assert refused(actions, software_statement="e30.e30.x") == (400, "unapproved_software_statement")
