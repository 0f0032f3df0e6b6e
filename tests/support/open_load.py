"""Requests that come at their own pace, however slow the answers are, from callers whose patience ends."""

import math
import selectors
import socket
import time
from collections import Counter, deque
from contextlib import closing
from dataclasses import dataclass, field

PATIENCE = 1.0
"""Seconds. As the kit's, whoever waits longer has been told 503 by then."""


@dataclass(eq=False)
class _Caller:
    connection: socket.socket
    asked_at: float = 0.0
    connected: bool = False
    answer: bytearray | None = None
    """What has come of the answer that is waited for; None if none is."""


@dataclass
class OpenLoad:
    """One request, sent to a port of this machine again and again."""

    port: int
    request: bytes
    outcomes: Counter[int | str] = field(default_factory=Counter)
    """By status; or that the caller `gave up`, or that the connection was `closed` before an answer had come."""
    waits: list[float] = field(default_factory=list)
    """Seconds that each good answer took."""

    def run(self, seconds: float, *, per_second: float = math.inf, at_once: float = math.inf) -> float:
        """Send so many per second, or always so many at once; the good answers of each second."""
        load = _Run(self)
        with closing(load):
            load.go(seconds, per_second, at_once)
        return self.outcomes[200] / seconds


class _Run:
    def __init__(self, load: OpenLoad) -> None:
        self._load, self._selector = load, selectors.DefaultSelector()
        self._idle: deque[_Caller] = deque()
        self._waiting: dict[_Caller, None] = {}
        """In the order in which they asked."""

    def go(self, seconds: float, per_second: float, at_once: float) -> None:
        began, sent = time.monotonic(), 0
        while (elapsed := time.monotonic() - began) < seconds:
            due = elapsed * per_second - sent if per_second < math.inf else at_once - len(self._waiting)
            for _ in range(int(due)):
                self._ask()
                sent += 1
            for key, ready in self._selector.select(0.001):
                if ready & selectors.EVENT_WRITE:
                    self._selector.modify(key.data.connection, selectors.EVENT_READ, key.data)
                    key.data.connected = True
                    self._send(key.data)
                else:
                    self._hear(key.data)
            self._give_up(time.monotonic() - PATIENCE)

    def close(self) -> None:
        for key in list(self._selector.get_map().values()):
            key.data.connection.close()
        self._selector.close()

    def _ask(self) -> None:
        caller = self._idle.pop() if self._idle else self._new_caller()
        caller.asked_at, caller.answer = time.monotonic(), bytearray()
        self._waiting[caller] = None
        if caller.connected:
            self._send(caller)

    def _send(self, caller: _Caller) -> None:
        try:
            caller.connection.sendall(self._load.request)
        except OSError:
            self._end(caller, "closed")

    def _new_caller(self) -> _Caller:
        connection = socket.socket()
        connection.setblocking(False)
        connection.connect_ex(("127.0.0.1", self._load.port))  # whether it succeeded, its first use tells
        caller = _Caller(connection)
        self._selector.register(connection, selectors.EVENT_WRITE, caller)
        return caller

    def _hear(self, caller: _Caller) -> None:
        try:
            heard = caller.connection.recv(65_536)
        except OSError:
            heard = b""
        if not heard:
            self._end(caller, "closed")
        elif caller.answer is not None:
            caller.answer += heard
            if (status := _status(caller.answer)) is not None:
                self._load.outcomes[status] += 1
                if status == 200:
                    self._load.waits.append(time.monotonic() - caller.asked_at)
                caller.answer = None
                del self._waiting[caller]
                self._idle.append(caller)

    def _give_up(self, asked_before: float) -> None:
        while self._waiting and (first := next(iter(self._waiting))).asked_at < asked_before:
            self._end(first, "gave up")

    def _end(self, caller: _Caller, outcome: str) -> None:
        self._selector.unregister(caller.connection)
        caller.connection.close()
        if caller.answer is None:
            self._idle.remove(caller)
        else:
            del self._waiting[caller]
            self._load.outcomes[outcome] += 1


def _status(answer: bytearray) -> int | None:
    """Of a whole answer; None as long as it isn't."""
    head, found, body = bytes(answer).partition(b"\r\n\r\n")
    if not found:
        return None
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    if len(body) < int(fields[b"content-length"]):
        return None
    return int(head.split(b" ", 2)[1]) if b'"active": false' not in body else 0
