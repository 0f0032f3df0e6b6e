"""All connections of a worker: accepting them, waiting for their clients, and closing those that take too long."""

import errno
import math
import select
import socket
import time
from contextlib import suppress
from http import HTTPStatus

from gunicorn.glogging import Logger

from buffering_worker.connection import Connection
from buffering_worker.queue_probe import QueueProbe
from buffering_worker.request_head import HeadReader
from buffering_worker.settings import ConnectionLimits

_FULL_PAUSE = 0.01
"""Seconds for which nobody is accepted while every connection is at work, or waits for a thread."""
_LOST = select.EPOLLHUP | select.EPOLLERR
"""Nobody can take an answer. A client that has only stopped sending may still want one (RFC 9112 §9.6)."""


class Connections:
    """A connection is either here, where an epoll watches it, or in the hands of the thread that took it out."""

    def __init__(self, heads: HeadReader, limits: ConnectionLimits, log: Logger) -> None:
        self._heads = heads
        self._limits = limits
        self._log = log
        self._readiness = select.epoll()
        self.probe = QueueProbe(self._readiness, limits.longest_wait)
        self._open: set[Connection] = set()
        self._waiting: dict[int, Connection] = {}
        """Connections by file descriptor. The thread that takes one out has it to itself."""
        self._closable: list[Connection] = []
        """Those that may have to make room, who has least time left last. To look at all of them takes long."""

    def any_open(self) -> bool:
        """Whether a connection is open, here or in a thread's hands."""
        return bool(self._open)

    def accept(self, listener: socket.socket) -> bool:
        """Take the next client that waits at a listener, if there is room, and say whether there may be more."""
        if len(self._open) >= self._limits.max_connections and not self._make_room():
            time.sleep(_FULL_PAUSE)
            return True
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in {errno.EMFILE, errno.ENFILE}:
                self._log.warning("No more connections can be opened: %s", error)
                self._make_room()
            return False
        try:
            connection = Connection(client, address, listener.getsockname(), self._heads, self._limits)
        except OSError as error:
            self._log.warning("A connection could not be used: %s", error)
            client.close()
            return True
        connection.deadline = time.monotonic() + self._limits.request_timeout
        self._open.add(connection)
        self._waiting[client.fileno()] = connection
        self._readiness.register(client, _event(connection))
        return True

    def next_ready(self) -> Connection | None:
        """Wait until a client has sent or can take something, and take its connection out.

        None where another thread was faster, or the connection was closed meanwhile, here or by its client.
        """
        for number, event in self._readiness.poll(maxevents=1):
            connection = self._waiting.pop(number, None)
            if connection is None:
                if number == self.probe.number:
                    self.probe.came_out()
            elif event & _LOST:
                self.close(connection)
            else:
                return connection
        return None

    def wait(self, connection: Connection) -> None:
        """Put a connection back until its client has sent or can take something."""
        number = connection.socket.fileno()
        event = _event(connection)
        self._waiting[number] = connection
        with suppress(OSError):  # the main thread may close it from now on
            self._readiness.modify(number, event)

    def close(self, connection: Connection) -> None:
        """Close a connection that is in the calling thread's hands."""
        self._open.discard(connection)
        try:
            connection.close()
        except Exception:
            self._log.exception("The application failed at a response that nobody took")

    def close_overdue(self, unused_until: float = math.inf) -> None:
        """Close those whose deadline has passed, and after `unused_until`, by `time.monotonic()`, all idle ones too."""
        now = time.monotonic()
        for number, connection in list(self._waiting.items()):
            if now > connection.deadline or (now > unused_until and not connection.buffered):
                self._close_waiting(number)

    def exceeds_memory(self, connection: Connection) -> bool:
        """Whether all of them buffer more than is allowed, and this one more than its share."""
        if connection.buffered <= self._limits.max_buffered // self._limits.max_connections:
            return False
        return sum(each.buffered for each in list(self._waiting.values())) > self._limits.max_buffered

    def _make_room(self) -> bool:
        """Close the connection that has least time left: half a request, or the one that is unused for longest.

        One that waits for a thread is not closed: the next ones would wait as long. Says whether there was another.
        """
        if not self._closable:
            self._closable = sorted([*self._waiting.values()], key=lambda each: each.deadline, reverse=True)
        while self._closable:
            connection = self._closable.pop()
            number = connection.socket.fileno()
            if self._waiting.get(number) is connection and not connection.has_sent():
                self._close_waiting(number)
                return True
        return False

    def _close_waiting(self, number: int) -> None:
        if connection := self._waiting.pop(number, None):
            if connection.request_begun and not connection.call:
                connection.refuse(HTTPStatus.REQUEST_TIMEOUT, "The request did not arrive in time.")
            self.close(connection)


def _event(connection: Connection) -> int:
    """What an epoll is to tell of a connection, once: one thread is to have it then."""
    awaited = select.EPOLLOUT if connection.waits_to_send else select.EPOLLIN | select.EPOLLRDHUP
    return awaited | select.EPOLLONESHOT
