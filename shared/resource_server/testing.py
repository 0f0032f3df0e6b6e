"""An authorization server for the tests of a protected API. It starts in milliseconds, in a thread of the tests.

@pytest.fixture
def authorization_server():
    with fake_authorization_server("https://journal.example/") as server:
        yield server

def test_who_may_read(authorization_server):
    validator = connect(**authorization_server.connection)
    token = authorization_server.issue("journal:read")
    assert validator.validate(f"Bearer {token}", "journal:read").subject == "somebody"

It answers about tokens and tells of revocations as the real one does. It believes every client and issues whatever a
test wants, so never let it near real people.
"""

import json
import secrets
import socketserver
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .introspection.response import token_digest
from .wire import ActiveAnswer, FeedAnswer, GrantEnd, TokenEnd

_LIFETIME = 600
"""A token is good for so many seconds."""


class FakeAuthorizationServer:
    """It knows the tokens that it issued. Tests may use it while it answers."""

    def __init__(self, resource: str, issuer: str = "") -> None:
        self.resource = resource
        """Whom tokens are meant for."""
        self.issuer = issuer
        self.address = ""
        self.down = False
        """Set it, and every question about a token is answered 500."""
        self.feed_down = False
        """Set it, and nobody is told of revocations: the kit asks about every token again."""
        self._tokens: dict[str, dict[str, Any]] = {}
        self._log: list[TokenEnd | GrantEnd] = []
        self._patient = True
        self._news = threading.Condition()

    @property
    def connection(self) -> dict[str, str]:
        """Return what `connect` wants to know: `connect(**server.connection)`."""
        return {
            "resource": self.resource,
            "issuer": self.issuer,
            "auth_url": self.address,
            "client_id": "fake",
            "client_secret": "fake",
        }

    def issue(self, *scopes: str, **claims: Any) -> str:
        """Return a good token with these scopes. `claims` replace what introspection says; None leaves one out."""
        return self._know(secrets.token_urlsafe(24), secrets.token_hex(16), {"scope": " ".join(scopes), **claims})

    def revoke(self, token: str) -> None:
        """End one token, and tell."""
        self._end([token], {"jti": token_digest(token)})

    def revoke_grant(self, grant_id: str) -> None:
        """End all tokens of a grant, and tell."""
        self._end(
            [token for token, claims in self._tokens.items() if claims["grant_id"] == grant_id], {"grant_id": grant_id}
        )

    def narrow_grant(self, grant_id: str, scope: str) -> None:
        """Leave all tokens of a grant this scope, and tell."""
        for token, claims in self._tokens.items():
            if claims["grant_id"] == grant_id:
                self._tokens[token] = {**claims, "scope": scope}
        self._end([], {"grant_id": grant_id, "scope": scope})

    def let_polls_go(self) -> None:
        """Hold no poll of the feed any longer, so that whoever reads it can be stopped at once."""
        with self._news:
            self._patient = False
            self._news.notify_all()

    def answer_introspection(self, token: str) -> tuple[int, Mapping[str, Any]]:
        """Return status and body (RFC 7662 §2.2)."""
        return (500, {}) if self.down else (200, self._tokens.get(token, {"active": False}))

    def answer_poll(self, after: str, wait: float) -> tuple[int, Mapping[str, Any]]:
        """Return status and body of the revocation feed, at once or when there is news."""
        if self.feed_down:
            return 500, {}
        with self._news:
            known = after.isdecimal()
            if known:
                self._news.wait_for(lambda: not (self._patient and int(after) == len(self._log)), wait)
            answer: FeedAnswer = {
                "cursor": str(len(self._log)),
                "reset": not known,
                "events": self._log[int(after) :] if known else [],
                "more": False,
            }
            return 200, answer

    def _know(self, token: str, grant_id: str, claims: dict[str, Any]) -> str:
        now = int(time.time())
        good: ActiveAnswer = {
            "active": True,
            "scope": "",
            "client_id": "some-app",
            "username": "somebody",
            "sub": "somebody",
            "aud": [self.resource],
            "iss": self.issuer,
            "exp": now + _LIFETIME,
            "iat": now,
            "token_type": "Bearer",
            "jti": token_digest(token),
            "grant_id": grant_id,
        }
        known = {**good, **claims}
        self._tokens[token] = {name: value for name, value in known.items() if value is not None}
        return token

    def _end(self, tokens: list[str], event: TokenEnd | GrantEnd) -> None:
        with self._news:
            for token in tokens:
                self._tokens.pop(token, None)
            self._log.append(event)
            self._news.notify_all()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def server_bind(self) -> None:
        """Bind without asking a resolver for the name of this machine, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]


@contextmanager
def serving(server: FakeAuthorizationServer) -> Iterator[None]:
    """Let it answer on a free port. Without a name of its own, that address is its issuer."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self._reply(*server.answer_introspection(form["token"][0]))

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            self._reply(*server.answer_poll(query.get("after", [""])[0], float(query["wait"][0])))

        def _reply(self, status: int, answer: Mapping[str, Any]) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    http = _Server(("127.0.0.1", 0), Handler)
    server.address = f"http://127.0.0.1:{http.server_port}"
    server.issuer = server.issuer or server.address
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield
    finally:
        server.let_polls_go()
        http.shutdown()
        http.server_close()


@contextmanager
def fake_authorization_server(resource: str) -> Iterator[FakeAuthorizationServer]:
    """Start one that issues tokens for this resource, until the block ends."""
    server = FakeAuthorizationServer(resource)
    with serving(server):
        yield server
