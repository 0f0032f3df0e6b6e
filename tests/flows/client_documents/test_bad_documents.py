"""What is no document of a client is refused with its reason, on a page of ours: nobody is sent anywhere."""

import html
import json
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
import requests

from auth_service.protocol.client_documents import reading
from tests.support.actions import CALLBACK, TIMEOUT, Actions, Verifier
from tests.support.document_host import DescribedApp
from tests.support.signing_app import ec_key, jwks

Described = Callable[..., DescribedApp]
Refused = Callable[[DescribedApp], str]

_KEY = ec_key()
_PRIVATE = {"keys": [_KEY.as_dict(private=True)]}
_SYMMETRIC = {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}
_SIGNS: dict[str, Any] = {"token_endpoint_auth_method": "private_key_jwt"}
_UNSAID: dict[str, Any] = {"token_endpoint_auth_method": None}
_METHODS = "token_endpoint_auth_methods_supported"
_OWN = "its client_id must be its own address, letter by letter"

FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "no client_id": ({"client_id": None}, _OWN),
    "another client_id": ({"client_id": "https://localhost/other"}, _OWN),
    "a client_id that is no text": ({"client_id": 7}, _OWN),
    "no address": ({"redirect_uris": None}, "needs at least one redirect_uri"),
    "an empty list of addresses": ({"redirect_uris": []}, "needs at least one redirect_uri"),
    "an address that is no list": ({"redirect_uris": CALLBACK}, "redirect_uris must be an array of strings"),
    "an address without TLS": ({"redirect_uris": ["http://app.example/"]}, "must be https"),
    "an address with a fragment": ({"redirect_uris": ["https://app.example/#"]}, "must not have a fragment"),
    "a scheme of its own": ({"redirect_uris": ["com.example.app:/callback"]}, "must be https"),
    "a script for an address": ({"redirect_uris": ["javascript:alert(1)"]}, "must be https"),
    "our name": ({"client_name": "Moogle"}, "must not hold, or look like, Moogle"),
    "a claim": ({"client_name": "App (verified)"}, "must not claim that anybody has checked it"),
    "a name that nobody sees": ({"client_name": "App\u200b"}, "must not have characters that nobody sees"),
    "a name that is no text": ({"client_name": 7}, "client_name must be a string"),
    "a home page without TLS": ({"client_uri": "http://app.example/"}, "client_uri must be https"),
    "a script for a home page": ({"client_uri": "javascript://x/%0aalert(1)"}, "client_uri must be https"),
    "a home page that is no text": ({"client_uri": ["https://app.example/"]}, "client_uri must be a string"),
    "a secret": ({"client_secret": "s"}, "must not have client_secret: anybody can read it"),
    "an end of a secret": ({"client_secret_expires_at": 0}, "must not have client_secret_expires_at"),
    "a method with a secret": (
        {"token_endpoint_auth_method": "client_secret_basic"},
        "its token_endpoint_auth_method must be one of none, private_key_jwt",
    ),
    "a method that is a list": ({"token_endpoint_auth_method": ["none"]}, "token_endpoint_auth_method must be one of"),
    "methods that are no list": ({_METHODS: "none"}, f"its {_METHODS} must be an array of strings"),
    "a method that is no text": ({_METHODS: ["none", 7]}, f"its {_METHODS} must be an array of strings"),
    "no method at all": (
        {**_UNSAID, _METHODS: []},
        f"its {_METHODS} must have one of none, private_key_jwt",
    ),
    "no method of ours": (
        {**_UNSAID, _METHODS: ["tls_client_auth", "spiffe_jwt"]},
        f"its {_METHODS} must have one of none, private_key_jwt",
    ),
    "a method with a secret among others": (
        {_METHODS: ["none", "client_secret_jwt"]},
        f"its {_METHODS} must have none with a secret",
    ),
    "a method that is not among all": (
        {_METHODS: ["private_key_jwt"], "jwks": jwks(_KEY)},
        f"its token_endpoint_auth_method must be among its {_METHODS}",
    ),
    "a private key": ({**_SIGNS, "jwks": _PRIVATE}, "its jwks holds a private key"),
    "a private key that it doesn't use": ({"jwks": _PRIVATE}, "its jwks holds a private key"),
    "a shared key": ({**_SIGNS, "jwks": _SYMMETRIC}, "its jwks holds a private key"),
    "no keys": (_SIGNS, "jwks must be a JWK Set"),
    "keys twice": (
        {**_SIGNS, "jwks": jwks(_KEY), "jwks_uri": "https://localhost:1/"},
        "it must not have both jwks and jwks_uri",
    ),
    "keys without TLS": ({**_SIGNS, "jwks_uri": "http://localhost/keys"}, "its jwks_uri must begin with https://"),
    "keys in a file": ({**_SIGNS, "jwks_uri": "file:///etc/passwd"}, "its jwks_uri must begin with https://"),
    "keys inside": ({**_SIGNS, "jwks_uri": "https://10.0.0.1/keys"}, "10.0.0.1 doesn't answer at a public address"),
    "keys at the metadata of a cloud": (
        {**_SIGNS, "jwks_uri": "https://169.254.169.254/"},
        "its jwks_uri must be a public address",
    ),
    "no grant for people": ({"grant_types": ["client_credentials"]}, "must have authorization_code among them"),
    "no code": ({"response_types": ["token"]}, "response_types must have code among them"),
    "no scope of ours": ({"scope": "nobodys"}, "a client needs a scope"),
}


@pytest.mark.clause("draft-ietf-oauth-client-id-metadata-document-03 §4", line=152)
@pytest.mark.clause("draft-ietf-oauth-client-id-metadata-document-03 §4.1", line=152)
@pytest.mark.clause("draft-ietf-oauth-client-id-metadata-document-03 §6", line=162)
@pytest.mark.parametrize("case", FAULTS)
def test_a_document_that_breaks_a_rule_is_refused_with_the_reason(
    described: Described, refused: Refused, case: str
) -> None:
    changes, reason = FAULTS[case]
    app = described(**changes)
    page = refused(app)
    assert f"the document at {app.client_id} can't be used: " in page
    assert reason in page


def test_a_name_that_an_operator_gave_to_a_client_is_taken(
    actions: Actions, described: Described, refused: Refused
) -> None:
    taken = actions.app()
    assert "the name of another client" in refused(described(client_name=taken.name))


def test_the_name_of_a_document_is_nobodys_to_take(actions: Actions, described: Described) -> None:
    for _ in range(2):  # whoever has it twice, has two documents
        described(client_name="Shared name").connect(actions.person())


@pytest.mark.clause("draft-ietf-oauth-client-id-metadata-document-03 §4.2", line=153)
@pytest.mark.parametrize(
    "redirect_uri",
    ["https://app.example/callback", CALLBACK + "/", CALLBACK + "?a=b", CALLBACK.replace("http", "https")],
)
def test_an_address_that_is_not_in_the_document_is_led_to_by_nobody(
    described: Described, refused: Refused, redirect_uri: str
) -> None:
    app = described()
    app.redirect_uri = redirect_uri
    assert "redirect_uri is not one that the client registered" in refused(app)


# How it lies there


def _body(app: DescribedApp, **more: Any) -> bytes:
    said = {"client_id": app.client_id, "client_name": "App", "redirect_uris": [CALLBACK], **more}
    return json.dumps(said).encode()


def _json(body: bytes, **headers: str) -> tuple[int, dict[str, str], bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return 200, {"Content-Type": "application/json", **named}, body


def _drip(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while True:
        handler.wfile.write(b" ")
        time.sleep(0.05)


def _drip_head(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        handler.wfile.write(b"x")
        time.sleep(0.05)


def _flood(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while True:
        handler.wfile.write(b" " * 4096)


ANSWERS: dict[str, tuple[Callable[[DescribedApp], Any], str]] = {
    "nothing there": (lambda _: (404, {}, b""), "its host answered 404"),
    "a failure": (lambda _: (500, {}, b""), "its host answered 500"),
    "no content": (lambda _: (204, {}, b""), "its host answered 204"),
    "a page": (lambda app: (200, {"Content-Type": "text/html"}, _body(app)), "it is text/html, not application/json"),
    "no type": (lambda app: (200, {}, _body(app)), "it is text/plain, not application/json"),
    "a type that only ends so": (lambda app: (200, {"Content-Type": "text/x+json"}, _body(app)), "it is text/x+json"),
    "compressed": (lambda app: _json(_body(app), Content_Encoding="gzip"), "it came compressed"),
    "no JSON": (lambda _: _json(b"client_id=x"), "must be a JSON object in UTF-8"),
    "an array": (lambda _: _json(b"[]"), "must be a JSON object in UTF-8"),
    "depths": (lambda _: _json(b"[" * 5_000), "must be a JSON object in UTF-8"),
    "one byte too many": (lambda app: _json(_body(app).ljust(5 * 1024 + 1)), "it has more than 5120 bytes"),
    "no end": (lambda _: _flood, "it has more than 5120 bytes"),
    "cut short": (lambda app: _json(_body(app), Content_Length="5000", Connection="close"), "cut it short"),
    "slowly": (lambda _: _drip, "localhost didn't answer in time"),
    "slowly from the beginning": (lambda _: _drip_head, "localhost didn't answer in time"),
}


@pytest.mark.clause("draft-ietf-oauth-client-id-metadata-document-03 §5", line=154)
@pytest.mark.parametrize("case", ANSWERS)
def test_what_is_no_answer_with_a_document_is_refused_with_the_reason(
    described: Described, refused: Refused, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "slowly" in case:
        monkeypatch.setattr(reading, "DEADLINE", 1.0)
    answer, reason = ANSWERS[case]
    app = described()
    app.destroy(answer(app))
    assert reason in refused(app)


@pytest.mark.clause("draft-ietf-oauth-client-id-metadata-document-03 §5", line=154)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(described: Described, refused: Refused, status: int) -> None:
    app, elsewhere = described(), described()
    app.destroy((status, {"Location": elsewhere.client_id}, b""))
    assert f"its host answered {status}" in refused(app)
    assert elsewhere.times_read == 0


@pytest.mark.clause("draft-ietf-oauth-client-id-metadata-document-03 §9.7", line=161)
def test_a_document_may_have_5_kib_and_another_json_type(actions: Actions, described: Described) -> None:
    app = described()
    headers = {"Content-Type": "Application/oauth-client+JSON; charset=utf-8"}
    more = {"grant_types": ["authorization_code", "refresh_token"], "logo_uri": "https://localhost:1/logo"}
    app.destroy((200, headers, _body(app, **more).ljust(5 * 1024)))
    app.connect(actions.person())


# Where it lies


ADDRESSES = {
    "https://app.example": "must have a path",
    "https://app.example/": "must have a path",
    "https://app.example/?a": "must have a path",
    "https://app.example/c.json#part": "without user, fragment or port 0",
    "https://app.example/c.json#": "without user, fragment or port 0",
    "https://mo@app.example/c.json": "without user, fragment or port 0",
    "https://mo:secret@app.example/c.json": "without user, fragment or port 0",
    "https://app.example:0/c.json": "without user, fragment or port 0",
    "https://app.example:x/c.json": "must be an address",
    "https://app.example/../c.json": "must not have a dot segment",
    "https://app.example/a/./c.json": "must not have a dot segment",
    "https://app.example/a/..": "must not have a dot segment",
    "https://app.example/%2E%2e/c.json": "must not have a dot segment",
    "https://app.example/c d": "visible ASCII characters",
    "https://bücher.example/c.json": "visible ASCII characters",
    "https://app.example\\@b.example/c": "visible ASCII characters",
    "https://app.example/" + "x" * 236: "at most 255 visible ASCII characters",
    "https:///c.json": "an address that names a host",
    "https://2130706433/c.json": "an address that names a host",
    "https://169.254.169.254/c.json": "a public address",
    "https://[::ffff:169.254.169.254]/c.json": "a public address",
}


@pytest.mark.clause("draft-ietf-oauth-client-id-metadata-document-03 §3", line=151)
@pytest.mark.parametrize("address", ADDRESSES)
def test_what_is_no_address_of_a_document_is_refused_before_anybody_signs_in(actions: Actions, address: str) -> None:
    parameters = {"client_id": address, "response_type": "code", "redirect_uri": CALLBACK}
    headers = {"Accept": "text/html"}
    page = requests.get(
        f"{actions.stack.auth}/authorize", parameters, headers=headers, timeout=TIMEOUT, allow_redirects=False
    )
    assert (page.status_code, "Location" in page.headers) == (400, False)
    assert ADDRESSES[address] in html.unescape(page.text)


@pytest.mark.parametrize("path", ["/a%2Fb", "/a//b", "/a?b=c", "/.well-known/c..json", "/...", "/a;b"])
def test_other_addresses_are_read_as_they_are(actions: Actions, described: Described, path: str) -> None:
    app = described(path)
    app.connect(actions.person())
    assert app.times_read == 1


@pytest.mark.clause("draft-ietf-oauth-client-id-metadata-document-03 §3", line=151)
def test_another_spelling_of_an_address_is_another_client(
    actions: Actions, described: Described, refused: Refused
) -> None:
    app = described()
    app.client_id = app.client_id.replace("localhost", "LOCALHOST")
    assert _OWN in refused(app)
    app.client_id = app.client_id.replace("LOCALHOST", "127.0.0.1")
    assert _OWN in refused(app)
    assert actions.person().browser.follow(app.authorize_url(Verifier())).status_code == 200
