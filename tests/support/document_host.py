"""A host with documents that describe clients: it answers as a test says, over TLS, and keeps what it was asked."""

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.support.actions import CALLBACK, READ, WRITE, App
from tests.support.quiet_server import QuietHandler, serving
from tests.support.signing_app import SigningApp, ec_key, jwks
from tests.support.stack import Stack

Answer = tuple[int, dict[str, str], bytes] | Callable[[BaseHTTPRequestHandler], None]
"""Status, headers and body; or what a test does with the connection itself."""


@dataclass
class DocumentHost:
    """`answers` may be changed at any time."""

    url: str
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def put(self, path: str, content: Any, **headers: str) -> None:
        """Let JSON lie there; a name like `Cache_Control` is a header's."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = (200, {"Content-Type": "application/json", **named}, json.dumps(content).encode())

    def times_asked(self, path: str) -> int:
        return self.asked.count(path)


@contextmanager
def document_host(certificate: Path) -> Iterator[DocumentHost]:
    """Serve one on a free port, for as long as it is needed."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            host.asked.append(self.path)
            host.headers.append({name.lower(): value for name, value in self.headers.items()})
            answer = host.answers.get(self.path, (404, {}, b""))
            if callable(answer):
                answer(self)
                self.close_connection = True
                return
            status, headers, body = answer
            (self.send_response_only if "Date" in headers else self.send_response)(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(Handler, context) as port:
        host = DocumentHost(f"https://localhost:{port}")
        yield host


class DescribedApp(App):
    """An app that nobody registered: a document at its id describes it."""

    def __init__(self, stack: Stack, host: DocumentHost, path: str, **changes: Any) -> None:
        self._stack, self._host, self.path = stack, host, path
        self.client_id, self.secret, self.name = host.url + path, None, "Described"
        self.scopes = (READ, WRITE)
        self.describe(**changes)

    def describe(self, headers: dict[str, str] | None = None, **changes: Any) -> None:
        """Put the document there, with changes; a member that is None is left out."""
        said = {
            "client_id": self.client_id,
            "client_name": self.name,
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
            **changes,
        }
        said = {name: value for name, value in said.items() if value is not None}
        self._host.put(self.path, said, **(headers or {}))

    def destroy(self, answer: Answer = (404, {}, b"")) -> None:
        """Have its host answer otherwise."""
        self._host.answers[self.path] = answer

    @property
    def times_read(self) -> int:
        return self._host.times_asked(self.path)


class DescribedSigningApp(DescribedApp, SigningApp):
    """One that proves itself with signatures. Its keys are in the document unless that is changed."""

    def __init__(self, stack: Stack, host: DocumentHost, path: str, **changes: Any) -> None:
        self.key, self.algorithm = ec_key(), "ES256"
        keys = {} if "jwks_uri" in changes else {"jwks": jwks(self.key)}
        super().__init__(stack, host, path, token_endpoint_auth_method="private_key_jwt", **{**keys, **changes})
