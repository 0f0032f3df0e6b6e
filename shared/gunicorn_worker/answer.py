"""Writes an answer: gunicorn's rules for its head, one system call for head and first part of the body."""

import time
from collections.abc import Iterable
from functools import lru_cache

from gunicorn.http.message import TOKEN_RE
from gunicorn.http.wsgi import HEADER_VALUE_RE, Response
from gunicorn.util import http_date, is_hoppish


class Answer(Response):
    """Holds its head back until there is something to send with it."""

    headers: list[tuple[str, str]]
    _head = b""

    @property
    def begun(self) -> bool:
        """Whether the client has got something of it."""
        return self.headers_sent and not self._head

    def process_headers(self, headers: Iterable[tuple[str, str]]) -> None:
        """Take the application's fields: most at once, the rest by gunicorn's rules, one by one."""
        fields = list(headers)
        at_once = HEADER_VALUE_RE.fullmatch("".join([value for _, value in fields])) is not None
        for name, value in fields:
            if at_once and _means_nothing_here(name):
                self.headers.append((name, value.strip(" \t")))
            else:
                super().process_headers([(name, value)])

    def send_headers(self) -> None:
        """Prepare the head."""
        if self.headers_sent:
            return
        connection = "upgrade" if self.upgrade else "close" if self.should_close() else "keep-alive"
        major, minor = self.req.version or (1, 1)
        lines = [
            f"HTTP/{major}.{minor} {self.status}",
            f"Server: {self.version}",
            f"Date: {_date(int(time.time()))}",
            f"Connection: {connection}",
            *(["Transfer-Encoding: chunked"] if self.chunked else []),
            *[f"{name}: {value}" for name, value in self.headers],
            "\r\n",
        ]
        self._head = "\r\n".join(lines).encode("latin-1")
        self.headers_sent = True

    def close(self) -> None:
        """Send what is left."""
        self.send_headers()
        last = b"0\r\n\r\n" if self.chunked else b""
        if self._head or last:
            self._send(last)

    def _emit_body(self, data: bytes) -> None:
        self._send(b"%X\r\n%b\r\n" % (len(data), data) if self.chunked else data)

    def _send(self, data: bytes) -> None:
        head, self._head = self._head, b""
        self.sock.sendall(head + data)


@lru_cache(1_000)
def _means_nothing_here(name: str) -> bool:
    """Whether a field goes to the client as it is."""
    return TOKEN_RE.fullmatch(name) is not None and not is_hoppish(name) and name.lower() != "content-length"


@lru_cache(2)
def _date(second: int) -> str:
    return http_date(second)
