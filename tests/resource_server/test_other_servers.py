"""Authorization servers that aren't ours: what Keycloak, Hydra, node-oidc-provider and Spring answer, and how
they are found.
"""

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from shared.resource_server import (
    CannotValidateError,
    InsufficientScopeError,
    InvalidTokenError,
    MisconfiguredError,
    TokenValidator,
    connect,
    connect_to_other_server,
)
from shared.resource_server.private_key_jwt import PrivateKeyJwt
from tests.support.certificates import self_signed

RESOURCE = "https://journal.example/"
NOW = int(time.time())
TOMORROW = NOW + 86_400
"""A whole suite may run between now and a test."""
COMMON = {"active": True, "exp": TOMORROW, "iat": NOW, "client_id": "app", "sub": "mo"}
SHAPES: dict[str, dict[str, Any]] = {
    "Keycloak": {
        **COMMON,
        "jti": "onrtac:7f1c-11",
        "aud": RESOURCE,
        "typ": "Bearer",
        "token_type": "Bearer",
        "azp": "app",
        "scope": "read email",
        "username": "mo",
    },
    "Hydra": {
        **COMMON,
        "aud": [RESOURCE],
        "scope": "read",
        "token_type": "Bearer",
        "token_use": "access_token",
        "nbf": NOW,
        "ext": {"tenant": "a"},
    },
    "node-oidc-provider": {**COMMON, "aud": RESOURCE, "scope": "read", "token_type": "Bearer", "sub": None},
    "Spring": {
        **COMMON,
        "exp": TOMORROW + 0.75,
        "aud": ["app", RESOURCE],
        "scope": ["read", "write"],
        "token_type": "Bearer",
        "jti": "b6e1",
        "nbf": NOW + 0.5,
    },
}


class Server:
    """Answers introspection as a test says, and has metadata at one of the usual places."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.answers: dict[str, dict[str, Any]] = {}
        self.metadata: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.authorizations: list[str | None] = []
        self.validators: list[TokenValidator] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                assert ".well-known" not in self.path or "Authorization" not in self.headers, "metadata need no secret"
                known = server.metadata.get(self.path)
                self._reply(200 if known else 404, known or {})

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                server.asked.append(self.path)
                server.forms.append({name: value for name, (value,) in form.items()})
                server.authorizations.append(self.headers.get("Authorization"))
                self._reply(200, server.answers.get(form["token"][0], {"active": False}))

            def _reply(self, status: int, answer: dict[str, Any]) -> None:
                body = json.dumps({name: value for name, value in answer.items() if value is not None}).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            self.http.socket = tls.wrap_socket(self.http.socket, server_side=True)
        self.address = f"http{'s' if tls else ''}://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def validator(self, issuer: str, **options: Any) -> TokenValidator:
        usual = {"resource": RESOURCE, "audience": RESOURCE, "deadline": 30.0, **options}
        if "client_key" not in options:
            usual["client_secret"] = "a secret"
        validator = connect_to_other_server(issuer=issuer, client_id="journal", **usual)
        self.validators.append(validator)
        return validator

    def close(self) -> None:
        for validator in self.validators:
            validator.close()
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.mark.clause("RFC 7662 §2.2")
@pytest.mark.parametrize("name", SHAPES)
def test_an_answer_of_another_server_is_understood(server: Server, name: str) -> None:
    server.answers = {"good": SHAPES[name], "foreign": {**SHAPES[name], "aud": "https://other.example/"}}
    server.answers |= {"refresh": {**SHAPES[name], **REFRESH_TOKEN[name]}}
    validator = server.validator(
        "https://auth.example", introspection_endpoint=f"{server.address}/oauth2/introspect?v=1"
    )
    token = validator.validate("Bearer good", "read")
    subject = "app" if name.startswith("node") else "mo"
    assert (token.subject, token.client_id, token.issuer) == (subject, "app", "https://auth.example")
    assert token.claims["client_id"] == "app"
    with pytest.raises(InsufficientScopeError):
        validator.validate("Bearer good", "admin")
    for refused in ("foreign", "refresh", "unknown"):
        with pytest.raises(InvalidTokenError):
            validator.validate(f"Bearer {refused}")
    assert server.asked[:2] == ["/oauth2/introspect?v=1"] * 2, "nothing is remembered unless an age is allowed"


REFRESH_TOKEN: dict[str, dict[str, Any]] = {
    "Keycloak": {"typ": "Refresh"},
    "Hydra": {"token_use": "refresh_token"},
    "node-oidc-provider": {"token_type": None},
    "Spring": {"token_type": None},
}
"""How each server's answer about a refresh token, which is active too, differs."""


def test_an_answer_is_used_again_only_for_the_age_that_is_allowed(server: Server) -> None:
    server.answers = {"one": SHAPES["Hydra"], "other": {**SHAPES["Hydra"], "sub": "lu"}}
    validator = server.validator("https://auth.example", introspection_endpoint=f"{server.address}/i", max_age=60.0)
    subjects = [validator.validate(f"Bearer {token}").subject for token in ("one", "other", "one", "other")]
    assert (subjects, len(server.asked)) == (["mo", "lu", "mo", "lu"], 2)


def test_whoever_leaves_the_audience_open_says_so(server: Server) -> None:
    server.answers = {"good": {**SHAPES["Hydra"], "aud": []}}
    server.answers["issued"] = {**SHAPES["Hydra"], "iss": "https://evil.example"}
    endpoint = f"{server.address}/i"
    named = server.validator("https://auth.example", introspection_endpoint=endpoint)
    unnamed = server.validator("https://auth.example", introspection_endpoint=endpoint, audience=None)
    with pytest.raises(InvalidTokenError):
        named.validate("Bearer good")
    assert unnamed.validate("Bearer good").subject == "mo"
    with pytest.raises(InvalidTokenError):
        unnamed.validate("Bearer issued")


@pytest.mark.parametrize(
    "change", [{"exp": None}, {"exp": True}, {"exp": 1e300}, {"scope": [1]}, {"sub": 7}, {"cnf": {"x5t#S256": "a"}}]
)
def test_what_cannot_be_read_lets_nobody_in(server: Server, change: dict[str, Any]) -> None:
    server.answers = {"odd": {**SHAPES["Hydra"], **change}}
    validator = server.validator("https://auth.example", introspection_endpoint=f"{server.address}/i")
    with pytest.raises(CannotValidateError):
        validator.validate("Bearer odd")


@pytest.mark.clause("RFC 8414 §3")
@pytest.mark.parametrize(
    "place",
    [
        "/.well-known/oauth-authorization-server/realms/a",
        "/realms/a/.well-known/openid-configuration",
        "/realms/a/.well-known/oauth-authorization-server",
    ],
)
def test_the_address_is_found_in_the_metadata(server: Server, place: str) -> None:
    issuer = f"{server.address}/realms/a"
    server.metadata = {place: {"issuer": issuer, "introspection_endpoint": f"{issuer}/introspect"}}
    server.answers = {"good": SHAPES["Keycloak"]}
    validator = server.validator(issuer)
    validator.check()
    assert validator.validate("Bearer good").subject == "mo"
    assert set(server.asked) == {"/realms/a/introspect"}


@pytest.mark.clause("RFC 8414 §3.3")
def test_metadata_of_somebody_else_or_none_are_our_mistake(server: Server) -> None:
    validator = server.validator(server.address)
    with pytest.raises(MisconfiguredError):
        validator.check()
    place = "/.well-known/openid-configuration"
    server.metadata = {place: {"issuer": "https://evil.example", "introspection_endpoint": f"{server.address}/i"}}
    with pytest.raises(MisconfiguredError, match="evil"):
        validator.check()
    server.metadata = {place: {"issuer": server.address}}
    with pytest.raises(CannotValidateError):
        validator.check()
    assert server.asked == [], "nobody got the secret"


@pytest.mark.parametrize(
    "address",
    ["https://a:b@auth.example", "https://auth.example/?x=1", "https://auth.example/#x", "ftp://auth.example"],
)
def test_an_address_of_which_something_would_be_dropped_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"auth\.example"):
        connect(resource=RESOURCE, issuer="https://auth.example", client_id="a", client_secret="b", auth_url=address)


@pytest.mark.clause("RFC 7523 §2.2")
@pytest.mark.parametrize(
    ("key", "algorithm"), [(ECKey.generate_key("P-384"), "ES384"), (RSAKey.generate_key(2048), "PS256")]
)
def test_a_signature_may_stand_for_the_secret(server: Server, key: Any, algorithm: str) -> None:
    server.answers = {"good": SHAPES["Hydra"]}
    signer = PrivateKeyJwt(key.as_pem(private=True).decode(), key_id="1")
    endpoint = f"{server.address}/i"
    validator = server.validator("https://auth.example", introspection_endpoint=endpoint, client_key=signer)
    for _ in range(2):
        validator.validate("Bearer good")
    seen = set()
    for form in server.forms:
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        assertion = jwt.decode(form["client_assertion"], key, algorithms=[algorithm])
        claims = {name: assertion.claims[name] for name in ("iss", "sub", "aud")}
        assert claims == {"iss": "journal", "sub": "journal", "aud": "https://auth.example"}
        assert 0 < assertion.claims["exp"] - assertion.claims["iat"] <= 60
        assert assertion.header["kid"] == "1"
        seen.add(assertion.claims["jti"])
    assert (len(seen), server.authorizations) == (2, [None, None])


@pytest.mark.parametrize("credentials", [{}, {"client_secret": "a", "client_key": object()}])
def test_one_proof_of_who_asks_is_needed(credentials: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="either"):
        connect_to_other_server(
            resource=RESOURCE, audience=None, issuer="https://auth.example", client_id="a", **credentials
        )


def test_a_certificate_authority_and_a_certificate_of_our_own(tmp_path: Path) -> None:
    theirs, ours = self_signed(tmp_path, "auth.example"), self_signed(tmp_path, "journal.example")
    wanted = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ours)
    wanted.verify_mode = ssl.CERT_REQUIRED
    wanted.load_cert_chain(theirs)
    trusting, complete = (ssl.create_default_context(cafile=theirs) for _ in range(2))
    complete.load_cert_chain(ours)
    with closing(Server(wanted)) as server:
        server.metadata = {
            "/.well-known/openid-configuration": {
                "issuer": server.address,
                "introspection_endpoint": f"{server.address}/i",
            },
            "/revocations?wait=0": {"cursor": "1", "reset": False, "events": [], "more": False},
        }
        ourselves = {"resource": RESOURCE, "issuer": server.address, "client_id": "a", "client_secret": "b"}
        for tls in (None, trusting):
            with pytest.raises(CannotValidateError), closing(connect(**ourselves, tls=tls, deadline=30.0)) as validator:
                validator.check()
            with pytest.raises(CannotValidateError):
                server.validator(server.address, tls=tls).check()
        with closing(connect(**ourselves, tls=complete, deadline=30.0)) as validator:
            validator.check()
        server.validator(server.address, tls=complete).check()
        assert server.asked == ["/i"]
