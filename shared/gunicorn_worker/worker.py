"""The life of a worker process: accepting, waiting, having threads answer, and stopping in peace.

Threads wait at one epoll, and each event wakes one of them, which reads, answers and goes back: handing a request over
would be dearer than answering it. No thread is lost to a client that sends slowly or stops halfway. A few threads do
that at a time; the others take over where those are held up.
"""

import errno
import math
import os
import select
import threading
import time
from contextlib import suppress
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.util import write_error
from gunicorn.workers.base import Worker

from shared.gunicorn_worker.answer import Answer, ClientLostError
from shared.gunicorn_worker.connection import Connection
from shared.gunicorn_worker.request_head import HeadReader
from shared.turns import Turns

_ONE_EVENT = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLONESHOT
_HELD_UP = 0.1
"""Seconds. Who is at one request for so long is taken to be waiting for something."""
_LINGERING = 2.0
"""Seconds for a client to read its last answer, and for requests that were on their way when the worker had to stop."""


class PatientWorker(Worker):
    """Speaks HTTP/1.1 without TLS. Needs Linux's epoll."""

    at_a_time = 6
    """Threads that answer; the others stand by for those that wait for something else."""
    request_time = 10.0
    """Seconds from a connection, or from a request's first byte, to the last one."""
    largest_body = 1024 * 1024
    """Bytes. Requests are held in memory until they are whole; a larger one is answered without its body."""
    most_held = 64 * 1024 * 1024
    """Bytes of requests that aren't whole yet. Then those with more than their share are dropped."""

    @classmethod
    def check_config(cls, config: Config, _log: Logger) -> None:
        """Raise RuntimeError about what it can't do."""
        if config.is_ssl or config.proxy_protocol != "off" or config.http2_cleartext != "off":
            raise RuntimeError(
                "This worker speaks plain HTTP/1.1, behind a proxy for the rest; -k gthread speaks more."
            )

    def run(self) -> None:
        """Serve until told to stop."""
        self._heads = HeadReader(self.cfg)
        self._readable = select.epoll()
        self._open: set[Connection] = set()
        self._waiting: dict[int, Connection] = {}
        """By file descriptor. Who takes one out has it to itself."""
        self._turns = Turns(self.at_a_time)
        arrivals = self._arrivals()
        for _ in range(self.cfg.threads):
            threading.Thread(target=self._answer_requests, daemon=True).start()
        while self.alive and self.ppid == os.getppid():
            self.notify()
            for number, _ in arrivals.poll(_HELD_UP * 1_000):
                self._come(number)
            self._turns.end_held_up(_HELD_UP)
            self._close_overdue()
        self._stop()

    def _arrivals(self) -> select.poll:
        """Where new connections and signals are seen."""
        arrivals = select.poll()
        arrivals.register(self.PIPE[0], select.POLLIN)
        self._listeners = {listener.fileno(): listener for listener in self.sockets}
        for number, listener in self._listeners.items():
            listener.setblocking(False)
            arrivals.register(number, select.POLLIN)
        return arrivals

    def _come(self, number: int) -> None:
        listener = self._listeners.get(number)
        if listener is None:
            os.read(self.PIPE[0], 1_024)
            return
        if len(self._open) >= self.cfg.worker_connections:
            self._make_room()
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in {errno.EMFILE, errno.ENFILE}:
                self.log.warning("No more connections can be opened: %s", error)
                self._make_room()
            return
        peers = self._heads.peers(client, address, listener.getsockname())
        connection = Connection(peers, self._heads, self.largest_body)
        connection.deadline = time.monotonic() + self.request_time
        self._open.add(connection)
        self._waiting[client.fileno()] = connection
        self._readable.register(client, _ONE_EVENT)

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
            if connection.held:
                write_error(connection.socket, 408, "Request Timeout", "The request did not arrive in time.")
            self._close(connection)

    def _close(self, connection: Connection) -> None:
        self._open.discard(connection)
        connection.socket.close()

    def _answer_requests(self) -> None:
        """What a thread does all its life."""
        while True:
            turn = self._turns.take()
            while turn.lasts:
                for number, _ in self._readable.poll(maxevents=1):
                    if connection := self._waiting.pop(number, None):
                        turn.busy_since = time.monotonic()
                        self._advance(connection)
                        turn.busy_since = math.inf

    def _advance(self, connection: Connection) -> None:
        """Take what came, answer what is whole, and wait for more or close."""
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
        self._waiting[number] = connection
        with suppress(OSError):  # the main thread may close it from now on
            self._readable.modify(number, _ONE_EVENT)

    def _converse(self, connection: Connection) -> bool:
        """Whether the connection stays open."""
        begun = connection.held > 0
        if not connection.read():
            if connection.held:
                write_error(connection.socket, 400, "Bad Request", "The request ended early.")
            return False
        if connection.ending:
            return True
        try:
            while request := connection.next_request():
                begun = False
                if not self._answer(*request):
                    connection.end(_LINGERING)
                    return True
        except OSError:
            raise
        except Exception as error:  # of the request: those of the application are dealt with
            self.handle_error(None, connection.socket, connection.peers.client, error)
            connection.end(_LINGERING)
            return True
        if connection.held > self.most_held // self.cfg.worker_connections and self._holds_too_much():
            write_error(connection.socket, 503, "Service Unavailable", "Too much is being sent at once.")
            return False
        if not begun:
            connection.deadline = time.monotonic() + (self.request_time if connection.held else self.cfg.keepalive)
        return True

    def _holds_too_much(self) -> bool:
        return sum(each.held for each in list(self._waiting.values())) > self.most_held

    def _answer(self, environ: dict[str, Any], answer: Answer) -> bool:
        """Whether the connection can take another request."""
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive = False
            os.write(self.PIPE[1], b".")
        try:
            self._run_application(environ, answer)
        except ClientLostError:
            raise
        except Exception:
            self.log.exception("The application failed at %s %s", environ["REQUEST_METHOD"], environ["PATH_INFO"])
            if not answer.begun:
                write_error(answer.sock, 500, "Internal Server Error", "")
            return False
        return not answer.should_close()

    def _run_application(self, environ: dict[str, Any], answer: Answer) -> None:
        parts = self.wsgi(environ, answer.start_response)  # type: ignore[arg-type]  # their hint forgets PEP 3333's exc_info
        if not self.alive or not self.cfg.keepalive:
            answer.force_close()
        try:
            for part in parts:
                answer.write(part)
            answer.close()
        finally:
            if hasattr(parts, "close"):
                parts.close()

    def _stop(self) -> None:
        """Finish what was begun, within the grace. Unused connections stay a moment: a request may be on its way."""
        now = time.monotonic()
        latest, end = now + _LINGERING, now + self.cfg.graceful_timeout
        while self._open and time.monotonic() < end:
            self.notify()
            time.sleep(0.05)
            self._turns.end_held_up(_HELD_UP)
            self._close_overdue(latest)
        for listener in self.sockets:
            listener.close()
