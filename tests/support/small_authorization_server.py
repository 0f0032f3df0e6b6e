"""A well-behaved authorization server in a few lines: introspection and the revocation feed, with gates that a test can
close between computing an answer and sending it.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from shared.resource_server.introspection_response import token_digest

ISSUER = "https://auth.example"


@dataclass
class SmallAuthorizationServer:
    """Knows tokens by their string. Counts what it is asked."""

    resource: str
    address: str = ""
    introspections: list[str] = field(default_factory=list)
    """Tokens, in the order in which their answers were computed."""
    waits: list[float] = field(default_factory=list)
    """Polls of the feed: for how long each could wait."""
    down: bool = False
    """Introspection answers 500."""
    refused: dict[str, int] = field(default_factory=dict)
    """Tokens about which introspection answers with this status."""
    feed_down: bool = False
    """The feed answers 500."""
    may_answer: threading.Event = field(default_factory=threading.Event)
    """While it isn't set, introspection holds its computed answers back."""

    def __post_init__(self) -> None:
        self._tokens: dict[str, dict[str, Any]] = {}
        self._log: list[dict[str, str]] = []
        self._incarnation = 1
        self._patient = True
        self._asked_after = ""
        self._news = threading.Condition()
        self.may_answer.set()

    def issue(self, token: str, grant: str = "0" * 32, **claims: Any) -> str:
        """Make a token good."""
        now = int(time.time())
        self._tokens[token] = {
            "active": True,
            "scope": "plans:read",
            "client_id": "client_1",
            "username": "mo",
            "sub": "sub_1",
            "aud": [self.resource],
            "iss": ISSUER,
            "exp": now + 600,
            "iat": now,
            "token_type": "Bearer",
            "jti": token_digest(token),
            "grant_id": grant,
            **claims,
        }
        return token

    def revoke(self, token: str) -> None:
        """End one token, then tell."""
        self._end([token], {"jti": token_digest(token)})

    def forget(self, token: str) -> None:
        """End one token and tell nobody."""
        self._tokens.pop(token)

    def revoke_grant(self, grant: str) -> None:
        """End all tokens of a grant, then tell."""
        self._end([token for token, claims in self._tokens.items() if claims["grant_id"] == grant], {"grant_id": grant})

    def narrow_grant(self, grant: str, scope: str) -> None:
        """Leave all tokens of a grant this scope, then tell."""
        for token, claims in self._tokens.items():
            if claims["grant_id"] == grant:
                self._tokens[token] = {**claims, "scope": scope}
        self._end([], {"grant_id": grant, "scope": scope})

    def lose_the_log(self) -> None:
        """As after a restart of Redis without its data."""
        with self._news:
            self._log.clear()
            self._incarnation += 1
            self._news.notify_all()

    def is_up_to_date(self) -> bool:
        """Wait until the reader of the feed has come back for more, so has acted on everything so far."""
        with self._news:
            return self._news.wait_for(lambda: self._asked_after == self._cursor(), timeout=60)

    def let_polls_go(self) -> None:
        """Hold no poll any longer: whoever reads the feed is about to leave."""
        with self._news:
            self._patient = False
            self._news.notify_all()

    def _end(self, tokens: list[str], event: dict[str, str]) -> None:
        with self._news:
            for token in tokens:
                self._tokens.pop(token, None)
            self._log.append(event)
            self._news.notify_all()

    def _introspect(self, token: str) -> dict[str, Any]:
        self.introspections.append(token)
        answer = self._tokens.get(token, {"active": False})
        assert self.may_answer.wait(10)
        return answer

    def _read_feed(self, after: str, wait: float) -> dict[str, Any]:
        with self._news:
            self._asked_after = after
            self._news.notify_all()
            incarnation, _, position = after.partition(".")
            known = incarnation == str(self._incarnation)
            start = int(position) if known else len(self._log)
            if known:
                self._news.wait_for(lambda: not self._is_quiet(after), wait)
            if str(self._incarnation) != incarnation:
                known, start = False, len(self._log)
            return {"cursor": self._cursor(), "reset": not known, "events": self._log[start:], "more": False}

    def _is_quiet(self, cursor: str) -> bool:
        return self._patient and cursor == self._cursor()

    def _cursor(self) -> str:
        return f"{self._incarnation}.{len(self._log)}"


@contextmanager
def small_authorization_server(resource: str) -> Iterator[SmallAuthorizationServer]:
    """Serve one on a free port."""
    server = SmallAuthorizationServer(resource)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            token = form["token"][0]
            self._reply(server._introspect(token), 500 if server.down else server.refused.get(token, 200))

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            wait = float(query["wait"][0])
            server.waits.append(wait)
            answer = server._read_feed(query.get("after", [""])[0], wait)
            self._reply(answer, 500 if server.feed_down else 200)

        def _reply(self, answer: dict[str, Any], status: int) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.address = f"http://127.0.0.1:{http.server_port}"
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        server.may_answer.set()
        http.shutdown()
        http.server_close()
