"""The life of a worker process: accepting, waiting, having threads answer, and stopping in peace.

Threads wait at one epoll. Each event wakes one of them, which takes one step with a connection and goes back: handing a
request over would be dearer than answering it. No thread is lost to a client that sends slowly, stops halfway or takes
its answer slowly, and after each answer it is the other connections' turn. A few threads do that at a time; the others
take over where those are held up.
"""

import errno
import math
import os
import select
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.base import Worker

from buffering_worker.answering import Answering
from buffering_worker.concurrency_limit import ConcurrencyLimit
from buffering_worker.connection import Connection
from buffering_worker.outgoing import ClientLostError
from buffering_worker.refusal import RefusedError, refusal
from buffering_worker.request_head import HeadReader
from buffering_worker.starting import StartingWorkers

_UNHEEDED = (
    "casefold_http_method",
    "forwarded_allow_ips",
    "forwarder_headers",
    "header_map",
    "permit_obsolete_folding",
    "permit_unconventional_http_method",
    "permit_unconventional_http_version",
    "secure_scheme_headers",
    "strip_header_spaces",
)
"""Settings that make gunicorn's own parser lenient or let it believe proxies, which is the application's business."""
_SENDS = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLONESHOT
_TAKES = select.EPOLLOUT | select.EPOLLONESHOT
_HELD_UP = 0.1
"""Seconds. Who is at one request for so long is taken to be waiting for something."""
_KERNEL_HOLDS = 128 * 1024
"""Bytes of an answer (Linux doubles it). With megabytes, slow clients would long seem to take nothing."""
_LINGERING = 2.0
"""Seconds for a client to read its last answer, and for requests that were on their way when the worker had to stop."""


class BufferingWorker(Worker):
    """Speaks HTTP/1.1 without TLS. Needs Linux's epoll."""

    at_a_time = 6
    """Threads that answer; the others stand by for those that wait for something else."""
    request_time = 10.0
    """Seconds from a connection, or from a request's first byte, to the last one."""
    taken_within = 10.0
    """Seconds that a client has to take each part of an answer."""
    max_body_size = 1024 * 1024
    """Bytes. Requests are held in memory until they are whole; a larger one is answered without its body."""
    most_held = 64 * 1024 * 1024
    """Bytes of requests that aren't whole and of answers that aren't taken. Then those with more than their share are
    dropped."""
    refusal_headers: Mapping[str, str] = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    """Of what the worker answers by itself."""

    _starting = StartingWorkers()

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._starting.begin(self.age)  # in the master: from before the fork on, everybody knows

    @classmethod
    def check_config(cls, config: Config, _log: Logger) -> None:
        """Raise RuntimeError about what it can't do."""
        if config.is_ssl or config.proxy_protocol != "off" or config.http2_cleartext != "off":
            raise RuntimeError(
                "This worker speaks plain HTTP/1.1, behind a proxy for the rest; -k gthread speaks more."
            )
        usual = Config()
        for name in _UNHEEDED:
            if getattr(config, name) and getattr(config, name) != getattr(usual, name):
                raise RuntimeError(f"This worker doesn't heed {name}: leave it out, or use -k gthread.")
        if "SCRIPT_NAME" in os.environ:
            raise RuntimeError("This worker doesn't heed SCRIPT_NAME; -k gthread does.")

    def run(self) -> None:
        """Serve until told to stop."""
        self._heads = HeadReader(self.cfg)
        self._readable = select.epoll()
        self._open: set[Connection] = set()
        self._waiting: dict[int, Connection] = {}
        """By file descriptor. Who takes one out has it to itself."""
        self._slots = ConcurrencyLimit(self.at_a_time)
        self._leaving = False
        self._needed_until = time.monotonic() + self.cfg.timeout
        arrivals = self._arrivals()
        for _ in range(self.cfg.threads):
            threading.Thread(target=self._answer_requests, daemon=True).start()
        self._starting.end(self.age)
        while self._is_needed():
            self.notify()
            for number, _ in arrivals.poll(_HELD_UP * 1_000):
                if listener := self._listeners.get(number):
                    self._accept(listener)
                else:
                    os.read(self.PIPE[0], 1_024)
            self._slots.release_blocked(_HELD_UP)
            self._close_overdue()
        self._leaving = True
        self._stop()

    def _arrivals(self) -> select.poll:
        """Where new connections and signals are seen."""
        arrivals = select.poll()
        arrivals.register(self.PIPE[0], select.POLLIN)
        self._listeners = {listener.fileno(): listener for listener in self.sockets}
        for number, listener in self._listeners.items():
            listener.setblocking(False)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_HOLDS)  # its connections inherit it
            arrivals.register(number, select.POLLIN)
        return arrivals

    def _is_needed(self) -> bool:
        """Whether to go on accepting: until told to stop, and then until workers that were forked meanwhile serve.

        One that doesn't after gunicorn's timeout is taken to be lost, as gunicorn does.
        """
        if self.ppid != os.getppid():
            return False
        if self.alive:
            self._needed_until = time.monotonic() + self.cfg.timeout
            return True
        return time.monotonic() < self._needed_until and self._starting.any_after(self.age)

    def _accept(self, listener: socket.socket) -> bool:
        """Whether there was a connection to accept."""
        if len(self._open) >= self.cfg.worker_connections:
            self._make_room()
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in {errno.EMFILE, errno.ENFILE}:
                self.log.warning("No more connections can be opened: %s", error)
                self._make_room()
            return False
        try:
            connection = Connection(client, address, listener.getsockname(), self._heads, self.max_body_size)
        except OSError as error:
            self.log.warning("A connection could not be used: %s", error)
            client.close()
            return True
        connection.deadline = time.monotonic() + self.request_time
        self._open.add(connection)
        self._waiting[client.fileno()] = connection
        self._readable.register(client, _SENDS)
        return True

    def _make_room(self) -> None:
        """Close the connection that has least time left: half a request, or the one that is unused for longest."""
        if waiting := list(self._waiting.items()):
            self._close_waiting(min(waiting, key=lambda each: each[1].deadline)[0])
        else:
            time.sleep(0.01)  # every thread is busy; not to ask again at once leaves them the processor

    def _close_overdue(self, latest: float = math.inf) -> None:
        now = time.monotonic()
        for number, connection in list(self._waiting.items()):
            if now > connection.deadline or (now > latest and not connection.held):
                self._close_waiting(number)

    def _close_waiting(self, number: int) -> None:
        if connection := self._waiting.pop(number, None):
            if connection.begun and not connection.answering:
                self._refuse(connection, HTTPStatus.REQUEST_TIMEOUT, "The request did not arrive in time.")
            self._close(connection)

    def _close(self, connection: Connection) -> None:
        self._open.discard(connection)
        try:
            connection.close()
        except Exception:
            self.log.exception("The application failed at an answer that nobody took")

    def _refuse(self, connection: Connection, status: HTTPStatus, text: str) -> None:
        """Answer what no application is asked about, if the client takes it at once."""
        with suppress(OSError):
            connection.outgoing.sendall(refusal(status, text, self.refusal_headers))

    def _answer_requests(self) -> None:
        """What a thread does all its life."""
        while True:
            slot = self._slots.acquire()
            while slot.held:
                for number, _ in self._readable.poll(maxevents=1):
                    if connection := self._waiting.pop(number, None):
                        slot.busy_since = time.monotonic()
                        self._advance(connection)
                        slot.busy_since = math.inf

    def _advance(self, connection: Connection) -> None:
        """Take one step with a connection, and wait for the next or close."""
        number = connection.socket.fileno()
        try:
            stays = self._converse(connection)
        except OSError as error:
            self.log.debug("A client was lost: %s", error)
            stays = False
        except BaseException:  # a thread that ended would be missed
            self.log.exception("A connection had to be closed")
            stays = False
        if not stays:
            self._close(connection)
            return
        event = _TAKES if connection.sends else _SENDS
        self._waiting[number] = connection
        with suppress(OSError):  # the main thread may close it from now on
            self._readable.modify(number, event)

    def _converse(self, connection: Connection) -> bool:
        """Read, answer, or send more of an answer. Whether the connection stays open."""
        if connection.answering:
            return self._go_on(connection, connection.answering)
        begun = connection.begun
        if connection.sends:
            connection.outgoing.flush()
        elif not connection.read():
            if connection.begun:
                self._refuse(connection, HTTPStatus.BAD_REQUEST, "The request ended early.")
            return False
        if connection.ending:
            return True
        try:
            request = connection.next_request()
        except RefusedError as error:
            self.log.warning("Invalid request from %s: %s", connection.address or "a Unix socket", error)
            self._refuse(connection, error.status, str(error))
            connection.end(_LINGERING)
            return True
        if request:
            self._count_request()
            connection.answering = Answering(self.wsgi, *request, connection.outgoing, self._ends_connections)
            return self._go_on(connection, connection.answering)
        if self._holds_too_much(connection):
            self._refuse(connection, HTTPStatus.SERVICE_UNAVAILABLE, "Too much is being sent at once.")
            return False
        if not begun:
            connection.deadline = self._deadline_of_next(connection)
        return True

    def _go_on(self, connection: Connection, answering: Answering) -> bool:
        if not connection.outgoing.flush() or not self._is_answered(connection, answering):
            connection.deadline = time.monotonic() + self.taken_within
            return not self._holds_too_much(connection)
        connection.answering = None
        connection.deadline = self._deadline_of_next(connection)
        if answering.answer.should_close():
            connection.end(_LINGERING)
        return True

    def _is_answered(self, connection: Connection, answering: Answering) -> bool:
        """Let the application go on. Whether it has said everything, or failed."""
        try:
            return answering.go_on()
        except ClientLostError:
            raise
        except Exception:
            environ, answer = answering.environ, answering.answer
            self.log.exception("The application failed at %s %s", environ["REQUEST_METHOD"], environ["PATH_INFO"])
            if not answer.begun:
                self._refuse(connection, HTTPStatus.INTERNAL_SERVER_ERROR, "The application failed.")
            answer.force_close()
            return True

    def _count_request(self) -> None:
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive = False
            os.write(self.PIPE[1], b".")

    def _ends_connections(self) -> bool:
        return self._leaving or not self.cfg.keepalive

    def _deadline_of_next(self, connection: Connection) -> float:
        return time.monotonic() + (self.request_time if connection.begun else self.cfg.keepalive)

    def _holds_too_much(self, connection: Connection) -> bool:
        if connection.held <= self.most_held // self.cfg.worker_connections:
            return False
        return sum(each.held for each in list(self._waiting.values())) > self.most_held

    def _stop(self) -> None:
        """Finish what was begun, within the grace. Unused connections stay a moment: a request may be on its way."""
        for listener in self._listeners.values():  # who waits to be accepted would be reset with the last listener
            while self._accept(listener):
                pass
            listener.close()
        now = time.monotonic()
        latest, end = now + _LINGERING, now + self.cfg.graceful_timeout
        while self._open and time.monotonic() < end:
            self.notify()
            time.sleep(0.05)
            self._slots.release_blocked(_HELD_UP)
            self._close_overdue(latest)
