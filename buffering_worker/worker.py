"""The life of a worker process: accepting clients, running threads, and stopping in peace.

Threads wait at one epoll. Each event wakes one of them, which takes one step with a connection and goes back: handing a
request over would be dearer than answering it. No thread is lost to a client that sends slowly, stops halfway or takes
its response slowly. A few threads run at a time; the others take over where those are blocked.
"""

import math
import os
import select
import socket
import threading
import time
from collections.abc import Collection, Mapping
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.base import Worker

from buffering_worker.concurrency_limit import ConcurrencyLimit
from buffering_worker.connections import Connections
from buffering_worker.exchange import LINGERING, Exchange
from buffering_worker.late_requests import Application, LateRequests, plain_unavailable
from buffering_worker.request_head import HeadReader
from buffering_worker.settings import ConnectionLimits, head_limits, refuse_unheeded
from buffering_worker.starting_workers import StartingWorkers

_BLOCKED_AFTER = 0.1
"""Seconds. A thread that is at one request for so long is taken to be blocked by something else."""
_KERNEL_BUFFER = 128 * 1024
"""Bytes of a response in the kernel (Linux doubles it). With megabytes, slow clients would seem to take nothing."""


class BufferingWorker(Worker):
    """Speaks HTTP/1.1 without TLS. Needs Linux's epoll."""

    concurrency = 6
    """So many threads run at a time at most. The others stand by for those that are blocked."""
    request_timeout = 10.0
    """Seconds from a connection, or from a request's first byte, to the request's last byte."""
    send_timeout = 10.0
    """Seconds that a client has to take each part of a response."""
    max_body_size = 1024 * 1024
    """Bytes. Requests are buffered until they are whole; a larger one is answered without its body."""
    max_buffered = 64 * 1024 * 1024
    """Bytes of requests that aren't whole and of responses that aren't taken. Beyond it, connections with more than
    their share are closed."""
    longest_wait = 0.3
    """Seconds that a request may wait for a thread while requests queue. One that waited longer is answered by
    `unavailable`."""
    urgent_paths: Collection[str] = frozenset()
    """Paths at which no request waits too long."""
    unavailable: Application | None = None
    """A WSGI application that answers 503 at once. None for a line of text."""
    refusal_headers: Mapping[str, str] = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    """Headers of what the worker answers without asking the application."""

    _starting = StartingWorkers()

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._starting.begin(self.age)  # in the master: from before the fork on, everybody knows

    @classmethod
    def check_config(cls, config: Config, _log: Logger) -> None:
        """Raise RuntimeError about settings that it can't heed."""
        refuse_unheeded(config)

    def run(self) -> None:
        """Serve until told to stop."""
        limits = ConnectionLimits(
            request_timeout=self.request_timeout,
            send_timeout=self.send_timeout,
            keepalive=self.cfg.keepalive,
            max_body_size=self.max_body_size,
            max_buffered=self.max_buffered,
            max_connections=self.cfg.worker_connections,
            longest_wait=self.longest_wait,
            refusal_headers=self.refusal_headers,
        )
        heads = HeadReader(head_limits(self.cfg), multiprocess=self.cfg.workers > 1)
        self._connections = Connections(heads, limits, self.log)
        application = LateRequests(
            self.wsgi,
            self.unavailable or plain_unavailable(self.refusal_headers),
            self._connections.probe,
            self.urgent_paths,
        )
        self._exchange = Exchange(
            application, self._connections, limits, self.log, self._count_request, self._ends_connections
        )
        self._slots = ConcurrencyLimit(self.concurrency)
        self._leaving = False
        self._needed_until = time.monotonic() + self.cfg.timeout
        arrivals = self._arrivals()
        for _ in range(self.cfg.threads):
            threading.Thread(target=self._answer_requests, daemon=True).start()
        self._starting.end(self.age)
        housekeeping_at, computed = time.monotonic(), time.process_time()
        while self._is_needed():
            for number, _ in arrivals.poll(_BLOCKED_AFTER * 1_000):
                if listener := self._listeners.get(number):
                    self._connections.accept(listener)
                else:
                    os.read(self.PIPE[0], 1_024)
            since = time.monotonic() - housekeeping_at
            if since >= _BLOCKED_AFTER:  # not after each client: it looks at all connections
                housekeeping_at, before, computed = time.monotonic(), computed, time.process_time()
                self.notify()
                self._slots.release_blocked(_BLOCKED_AFTER)
                self._slots.adapt((computed - before) / since)
                self._connections.close_overdue()
        self._leaving = True
        self._stop()

    def _arrivals(self) -> select.poll:
        """Where new connections and signals are seen."""
        arrivals = select.poll()
        arrivals.register(self.PIPE[0], select.POLLIN)
        self._listeners = {listener.fileno(): listener for listener in self.sockets}
        for number, listener in self._listeners.items():
            listener.setblocking(False)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BUFFER)  # its connections inherit it
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

    def _answer_requests(self) -> None:
        """What a thread does all its life."""
        while True:
            slot = self._slots.acquire()
            while slot.held:
                if connection := self._connections.next_ready():
                    slot.busy_since = time.monotonic()
                    self._exchange.advance(connection)
                    slot.busy_since = math.inf

    def _count_request(self) -> None:
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive = False
            os.write(self.PIPE[1], b".")

    def _ends_connections(self) -> bool:
        return self._leaving or not self.cfg.keepalive

    def _stop(self) -> None:
        """Finish what has begun, within the grace. Unused connections stay a moment: a request may be on its way."""
        for listener in self._listeners.values():  # who waits to be accepted would be reset with the last listener
            while self._connections.accept(listener):
                pass
            listener.close()
        now = time.monotonic()
        unused_until, end = now + LINGERING, now + self.cfg.graceful_timeout
        while self._connections.any_open() and time.monotonic() < end:
            self.notify()
            time.sleep(0.05)
            self._slots.release_blocked(_BLOCKED_AFTER)
            self._connections.close_overdue(unused_until)
