"""An answer says what gunicorn's own would say, and refuses what gunicorn refuses of an application."""

import re
import socket
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from gunicorn.config import Config
from gunicorn.http.wsgi import Response
from hypothesis import event, example, given
from hypothesis import strategies as st

from shared.gunicorn_worker.answer import Answer

KEPT_ALIVE = Config()
DATE = re.compile(rb"\r\nDate: ([^\r]*GMT)")


@dataclass(frozen=True)
class Asked:
    """The request that is answered."""

    method: str
    version: tuple[int, int]
    closes: bool

    def should_close(self) -> bool:
        return self.closes


def said(kind: type[Response], asked: Asked, status: Any, headers: list[Any], parts: list[bytes]) -> Any:
    """What the client gets and whether the connection could stay, or that the application is told it can't have."""
    client, server = socket.socketpair()
    with client, server:
        answer = kind(asked, server, KEPT_ALIVE)
        try:
            answer.start_response(status, headers)
            for part in parts:
                answer.write(part)
            answer.close()
        except Exception:
            return "refused"
        server.close()
        sent = b"".join(iter(lambda: client.recv(65_536), b""))
    return DATE.sub(moment, sent), answer.should_close()


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
        *["a", "", " a\t", "5", "close", "keep-alive", "Upgrade", "websocket", "\xe9"],
        *["€", "a\r\nX-B: c", "a\n", "\0", b"a", 1],
    ]
)
USUAL = st.tuples(st.sampled_from(["Content-Type", "X-A", "Cache-Control"]), st.sampled_from(["a", "b c", " d"]))
HEADERS = st.lists(USUAL, max_size=4) | st.lists(USUAL | st.tuples(NAMES, VALUES), max_size=4)
PARTS = st.lists(st.sampled_from([b"", b"a", b"bcdefgh"]), max_size=3)


@example(Asked("GET", (1, 1), False), "200 OK", [("Content-Length", "2")], [b"abc"])
@example(Asked("GET", (1, 1), False), "200 OK", [("Connection", "upgrade"), ("Upgrade", "websocket")], [])
@example(Asked("GET", (1, 1), False), "200 OK", [("X-A", "a\r\n"), ("X-B", "b")], [])
@given(REQUESTS, STATUSES, HEADERS, PARTS)
def test_an_answer_is_the_one_that_gunicorn_would_give(
    asked: Asked, status: Any, headers: list[Any], parts: list[bytes]
) -> None:
    ours, theirs = (said(kind, asked, status, list(headers), parts) for kind in (Answer, Response))
    event("refused" if theirs == "refused" else "answered")
    assert ours == theirs
