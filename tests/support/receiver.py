"""An app's receiver of webhooks: keeps what it gets, verifies it with a foreign library, answers as a test says."""

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook

from tests.support.polling import eventually
from tests.support.quiet_server import QuietHandler, serving


@dataclass(frozen=True)
class Message:
    """One request that arrived."""

    path: str
    headers: dict[str, str]
    """By their names in lower case."""
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event

    @property
    def type(self) -> str:
        return str(self.event["type"])

    def verified(self, secret: str) -> dict[str, Any]:
        """The event, if it was signed with this secret within the last minutes; raises WebhookVerificationError."""
        event: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        return event


Answer = int | tuple[int, dict[str, str], bytes]


@dataclass
class Receiver:
    """`answer` may be changed at any time; it runs while the sender waits."""

    url: str = ""
    answer: Callable[[Message], Answer] = lambda _message: 204
    messages: list[Message] = field(default_factory=list)
    connections: int = 0

    @property
    def types(self) -> list[str]:
        return [message.type for message in self.messages]

    def wait_for(self, count: int, within: float = 60.0) -> list[Message]:
        """The messages, once so many have arrived."""
        eventually(lambda: len(self.messages) >= count, within)
        return self.messages


@contextmanager
def receiver(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Serve one on a free port of the loopback interface."""
    inbox = Receiver()

    class Handler(QuietHandler):
        def setup(self) -> None:
            inbox.connections += 1
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            message = Message(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            inbox.messages.append(message)
            answer = inbox.answer(message)
            status, headers, content = (answer, {}, b"") if isinstance(answer, int) else answer
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(content))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

    with serving(Handler, tls) as port:
        inbox.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/hook?of=mo"
        yield inbox
