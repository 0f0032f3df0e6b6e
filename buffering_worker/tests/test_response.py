"""An answer says what gunicorn's own would say, and refuses what gunicorn refuses of an application."""

import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.wsgi import Response as GunicornResponse
from hypothesis import event, example, given
from hypothesis import strategies as st

from buffering_worker.response import Response
from buffering_worker.send_buffer import SendBuffer

KEPT_ALIVE = Config()
DATE = re.compile(rb"\r\nDate: ([^\r]*GMT)")
SERVER = re.compile(rb"\r\nServer: [^\r]*")
"""Only gunicorn says what it is."""


@dataclass(frozen=True)
class Asked:
    """The request that is answered."""

    method: str
    version: tuple[int, int]
    closes: bool

    def should_close(self) -> bool:
        return self.closes


def ours(asked: Asked, client: socket.socket) -> Response:
    return Response(SendBuffer(client), asked.method, asked.version, asked.closes)


class Theirs(GunicornResponse):
    """gunicorn's, but that it ends a connection on which less was sent than it said."""

    def __init__(self, asked: Asked, client: socket.socket) -> None:
        super().__init__(asked, client, KEPT_ALIVE)  # type: ignore[arg-type]  # all that it asks for

    def close(self) -> None:
        super().close()
        omits_body: bool = self._omits_body  # type: ignore[attr-defined]
        if not omits_body and self.sent < (self.response_length or 0):
            self.force_close()


def said(make: Callable[..., Any], asked: Asked, status: Any, headers: list[Any], parts: list[bytes]) -> Any:
    """What the client gets and whether the connection could stay, or that the application is told it can't have."""
    client, server = socket.socketpair()
    with client, server:
        answer = make(asked, server)
        try:
            answer.start_response(status, headers)
            for part in parts:
                answer.write(part)
            answer.close()
        except Exception:
            return "refused"
        server.close()
        sent = b"".join(iter(lambda: client.recv(65_536), b""))
    return SERVER.sub(b"", DATE.sub(moment, sent)), answer.should_close()


def moment(date: re.Match[bytes]) -> bytes:
    """What stands for a date that is now, for the other answer's may be a second later."""
    is_now = abs(time.time() - parsedate_to_datetime(date[1].decode()).timestamp()) < 5
    return b"\r\nDate: now" if is_now else date[0]


REQUESTS = st.builds(
    Asked, st.sampled_from(["GET", "HEAD", "POST"]), st.sampled_from([(1, 1), (1, 1), (1, 0)]), st.booleans()
)
STATUSES = st.sampled_from(["200 OK"] * 5 + ["204 NO CONTENT", "304 X", "101 Y", "404", "20", "200 a\r\nb", "", 200])
NAMES = st.sampled_from(
    [
        *["Content-Type", "X-A", "x-a", "Content-Length", "content-length", "Connection", "Date", "Server", "upgrade"],
        *["Transfer-Encoding", "TE", "Keep-Alive", "Set-Cookie", " X-A", "X A", "X-A:", "", "X-\xe9", b"X-A", 1],
    ]
)
VALUES = st.sampled_from(
    [
        *["a", "", " a\t", "5", "close", "keep-alive", "\xe9"],
        *["€", "a\r\nX-B: c", "a\n", "\0", b"a", 1],
    ]
)
USUAL = st.tuples(st.sampled_from(["Content-Type", "X-A", "Cache-Control"]), st.sampled_from(["a", "b c", " d"]))
HEADERS = st.lists(USUAL, max_size=4) | st.lists(USUAL | st.tuples(NAMES, VALUES), max_size=4)
PARTS = st.lists(st.sampled_from([b"", b"a", b"bcdefgh"]), max_size=3)


@example(Asked("GET", (1, 1), False), "200 OK", [("Content-Length", "2")], [b"abc"])
@example(Asked("GET", (1, 1), False), "200 OK", [("Content-Length", "5")], [b"abc"])
@example(Asked("GET", (1, 1), False), "200 OK", [("X-A", "a\r\n"), ("X-B", "b")], [])
@given(REQUESTS, STATUSES, HEADERS, PARTS)
def test_an_answer_is_the_one_that_gunicorn_would_give(
    asked: Asked, status: Any, headers: list[Any], parts: list[bytes]
) -> None:
    expected = said(Theirs, asked, status, list(headers), parts)
    event("refused" if expected == "refused" else "answered")
    assert said(ours, asked, status, list(headers), parts) == expected


def test_behind_an_answer_that_is_shorter_than_it_said_nothing_is_sent() -> None:
    sent, ends = said(ours, Asked("GET", (1, 1), False), "200 OK", [("Content-Length", "5")], [b"abc"])
    assert (sent[-3:], ends) == (b"abc", True)


def test_an_application_that_fails_may_take_back_what_it_has_not_sent() -> None:
    client, server = socket.socketpair()
    with client, server:
        answer = ours(Asked("GET", (1, 1), False), server)
        answer.start_response("200 OK", [("X-A", "a"), ("Content-Length", "5")])
        answer.write(b"")
        try:
            raise ValueError("late")
        except ValueError as error:
            answer.start_response("500 FAILED", [("X-B", "b")], (ValueError, error, error.__traceback__))
            answer.write(b"sorry")
            with pytest.raises(ValueError, match="late"):
                answer.start_response("500 FAILED", [], (ValueError, error, error.__traceback__))
        server.close()
        head = b"".join(iter(lambda: client.recv(65_536), b"")).partition(b"\r\n\r\n")[0]
    assert head.startswith(b"HTTP/1.1 500 FAILED\r\n")
    assert (b"X-A" in head, b"X-B" in head) == (False, True)
