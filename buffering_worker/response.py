"""Writes a response: what WSGI lets an application say, as HTTP/1.1, with one system call where it can.

No library serves: those that write HTTP leave WSGI's rules to their caller or come with a loop of their own, and
gunicorn's writer waits for clients and isn't for use from outside. A test holds this one against gunicorn's.
"""

import re
import time
from collections.abc import Callable, Iterable, Sequence
from email.utils import formatdate
from functools import lru_cache
from typing import Any
from wsgiref.util import is_hop_by_hop

from buffering_worker.send_buffer import SendBuffer

_STATUS = re.compile(r"[0-9]{3}(?: [ \t\x21-\x7e\x80-\xff]*)?")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUES = re.compile(r"[ \t\x21-\x7e\x80-\xff]*")
_OURS = frozenset({"date", "server"})
"""Fields that are the server's to send, or not to send."""


class Response:
    """Holds its head back until there is something to send with it."""

    _status = ""
    _fields: Sequence[tuple[str, str]] = ()
    _length: int | None = None
    """How many bytes the application has announced."""
    _given = 0
    """How many bytes of the body the application has given."""
    _has_body = True
    _chunked = False
    _head_made = False
    _head = b""
    """The head, as long as it is held back."""

    def __init__(self, send_buffer: SendBuffer, method: str, version: tuple[int, int], ends: bool) -> None:
        self._send_buffer = send_buffer
        self._is_head = method == "HEAD"
        self._version = version
        self._ends = ends

    @property
    def begun(self) -> bool:
        """Whether something of it was sent."""
        return self._head_made and not self._head

    def force_close(self) -> None:
        """Let it be the last of its connection."""
        self._ends = True

    def should_close(self) -> bool:
        """Whether the connection ends with it: somebody wants that, or else nobody would see where it ends."""
        return self._ends or (self._has_body and self._length is None and not self._chunked)

    def start_response(
        self, status: str, headers: Iterable[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        """See PEP 3333. Raises TypeError or ValueError about what can't be sent, and `exc_info` if it is too late."""
        if exc_info and self.begun:
            raise exc_info[1].with_traceback(exc_info[2])
        if self._status and not exc_info:
            raise AssertionError("start_response was called before.")
        if not _STATUS.fullmatch(status):
            raise ValueError(f"{status!r} is no status.")
        code = int(status[:3])
        self._head_made, self._head = False, b""
        self._take_fields(headers)
        self._has_body = not self._is_head and code >= 200 and code not in {204, 304}
        if code < 200 or code == 204:  # RFC 9110 §8.6
            self._fields = [each for each in self._fields if each[0].lower() != "content-length"]
            self._length = None
        self._chunked = self._has_body and self._length is None and self._version >= (1, 1)
        self._status = status
        return self.write

    def write(self, data: bytes) -> None:
        """Send a part of the body; none beyond the announced length, and none where there is no body."""
        self._make_head()
        if not isinstance(data, bytes):
            raise TypeError(f"{type(data).__name__} is not bytes.")
        if self._length is not None:
            data = data[: self._length - self._given]
        if data and self._has_body:
            self._given += len(data)
            self._send(b"%X\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    def close(self) -> None:
        """Send what is left. After less than was announced none follows: it would be taken for the rest."""
        self._make_head()
        if self._has_body and self._length is not None and self._given < self._length:
            self._ends = True
        last = b"0\r\n\r\n" if self._chunked else b""
        if self._head or last:
            self._send(last)

    def _take_fields(self, headers: Iterable[tuple[str, str]]) -> None:
        fields = [(name, value.strip(" \t")) for name, value in headers]
        if not _VALUES.fullmatch("".join([value for _, value in fields])):
            raise ValueError("A field's value has a character that HTTP doesn't have.")
        self._length = None
        self._fields = [(name, value) for name, value in fields if _is_the_applications(name)]
        for name, value in fields:
            if len(name) == 14 and name.lower() == "content-length":
                self._length = _length(value)

    def _make_head(self) -> None:
        if self._head_made:
            return
        if not self._status:
            raise AssertionError("start_response was not called.")
        lines = [
            f"HTTP/{self._version[0]}.{self._version[1]} {self._status}",
            f"Date: {_date(int(time.time()))}",
            f"Connection: {'close' if self.should_close() else 'keep-alive'}",
            *(["Transfer-Encoding: chunked"] if self._chunked else []),
            *[f"{name}: {value}" for name, value in self._fields],
            "\r\n",
        ]
        self._head = "\r\n".join(lines).encode("latin-1")
        self._head_made = True

    def _send(self, data: bytes) -> None:
        head, self._head = self._head, b""
        self._send_buffer.sendall(head + data)


@lru_cache(1_000)
def _is_the_applications(name: str) -> bool:
    """Whether a field goes to the client as it is. Raises TypeError or ValueError about what is no name."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a field.")
    return not is_hop_by_hop(name) and name.lower() not in _OURS


def _length(value: str) -> int:
    if not (value.isascii() and value.isdecimal()):
        raise ValueError(f"{value!r} is no length.")
    return int(value)


@lru_cache(2)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)
