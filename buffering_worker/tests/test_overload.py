"""Requests that waited too long are answered 503, and those of clients that are gone not at all."""

import select
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from buffering_worker.queue_probe import SHORT_QUEUE, QueueProbe
from buffering_worker.tests.served import Served, eventually, everything, get, served
from buffering_worker.worker import BufferingWorker

pytestmark = pytest.mark.core

LONGEST_WAIT = BufferingWorker.longest_wait
KEPT = "Connection: keep-alive"


class Queue:
    """An epoll in which only a probe waits, or what a test puts before it, and a clock that stands still."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.readiness = select.epoll()
        self.probe = QueueProbe(self.readiness, 1.0, lambda: self.now)

    def come_out(self, requests: int) -> list[bool]:
        """So many requests do; whether each is late."""
        return [self.probe.is_overdue() for _ in range(requests)]

    def holds_the_probe(self) -> bool:
        return [number for number, _ in self.readiness.poll(0)] == [self.probe.number]


def test_the_first_requests_send_no_probe_and_the_next_one_does() -> None:
    queue = Queue()
    queue.come_out(SHORT_QUEUE)
    assert not queue.holds_the_probe()
    queue.come_out(1)
    assert queue.holds_the_probe()
    assert not queue.holds_the_probe(), "it waits once"


def test_requests_are_late_while_a_probe_behind_them_is_and_are_more_than_a_short_queue() -> None:
    queue = Queue()
    queue.come_out(SHORT_QUEUE + 1)
    queue.now += 1.0
    assert queue.come_out(SHORT_QUEUE + 2) == [False] * (SHORT_QUEUE + 2)
    queue.now += 0.001
    assert queue.come_out(2) == [True, True]
    queue.probe.came_out()
    assert queue.come_out(1) == [False]


def test_of_a_short_queue_nobody_is_late_however_long_it_takes() -> None:
    queue = Queue()
    queue.come_out(SHORT_QUEUE + 1)
    queue.now += 1_000.0
    assert queue.come_out(SHORT_QUEUE) == [False] * SHORT_QUEUE


def test_behind_a_probe_that_was_kept_waiting_the_next_one_is_sent_at_once() -> None:
    queue = Queue()
    queue.come_out(SHORT_QUEUE + 1)
    assert queue.holds_the_probe()
    queue.now += 0.5
    queue.probe.came_out()
    queue.come_out(1)
    assert queue.holds_the_probe()


@contextmanager
def one_thread(tmp_path: Path, *options: str) -> Iterator[Served]:
    with served(tmp_path, "StrictWorker", "--threads", "1", *options, TEST_EVENTS=str(tmp_path)) as process:
        yield process


class Clients:
    """They wait in a worker's queue in the order in which they asked."""

    def __init__(self, process: Served, stack: ExitStack) -> None:
        [self._worker] = process.workers()
        self._process, self._stack = process, stack
        self._opened = 0
        status(self.ask("/first")[0])
        time.sleep(0.5)  # and the connection of whoever came before is closed
        self._opened = self._descriptors()

    def ask(self, *paths: str) -> list[socket.socket]:
        """Return when the worker has accepted them."""
        clients = []
        for path in paths:
            clients.append(self._stack.enter_context(self._process.connect()))
            clients[-1].sendall(get(path, KEPT))
        self._opened += len(clients)
        eventually(lambda: self._descriptors() >= self._opened)
        return clients

    def _descriptors(self) -> int:
        return len(list(Path(f"/proc/{self._worker}/fd").iterdir()))


def status(client: socket.socket) -> int:
    return int(client.recv(65_536).split(b" ", 2)[1])


def test_while_a_queue_stands_for_too_long_its_requests_are_503_unbegun_but_urgent_ones(tmp_path: Path) -> None:
    with one_thread(tmp_path) as process, ExitStack() as stack:
        clients = Clients(process, stack)
        clients.ask("/until/all-wait")
        before = clients.ask(*["/counted"] * SHORT_QUEUE, "/until/too-late", *["/counted"] * (SHORT_QUEUE - 3))
        late = clients.ask(*["/counted"] * 40)
        [urgent, last] = clients.ask("/urgent", "/counted")
        (tmp_path / "all-wait").touch()
        status(before[0])
        time.sleep(2 * LONGEST_WAIT)
        (tmp_path / "too-late").touch()
        assert [status(client) for client in before[1:]] == [200] * (len(before) - 1)
        said = [client.recv(65_536) for client in (*late, last)]
        assert {each.partition(b"\r\n")[0] for each in said} == {b"HTTP/1.1 503 Service Unavailable"}
        assert b"\r\nRetry-After: 1\r\n" in said[-1]
        assert said[-1].endswith(b"\r\n\r\nToo many requests came at once.\n")
        assert status(urgent) == 200
        late[0].sendall(get("/counted", KEPT))
        assert late[0].recv(65_536).endswith(b"\r\n\r\n%d" % (2 * SHORT_QUEUE - 2)), "nobody else was counted"


def test_a_request_whose_client_has_reset_its_connection_is_not_begun_and_one_that_only_stopped_sending_is_answered(
    tmp_path: Path,
) -> None:
    with one_thread(tmp_path) as process, ExitStack() as stack:
        clients = Clients(process, stack)
        clients.ask("/until/all-wait")
        gone, stopped, waiting = clients.ask("/counted", "/counted", "/counted")
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, not an end
        gone.close()
        stopped.shutdown(socket.SHUT_WR)
        (tmp_path / "all-wait").touch()
        assert everything(stopped).endswith(b"\r\n\r\n1")
        assert waiting.recv(65_536).endswith(b"\r\n\r\n2")


def test_a_full_worker_closes_no_connection_that_waits_for_a_thread(tmp_path: Path) -> None:
    with one_thread(tmp_path, "--worker-connections", "12") as process, ExitStack() as stack:
        clients = Clients(process, stack)
        clients.ask("/until/all-wait")
        waiting = clients.ask(*["/counted"] * 10)
        more = []
        for _ in range(3):  # each has sent when the next one comes, else the next would take its place
            more.append(stack.enter_context(process.connect()))
            more[-1].sendall(get("/counted", KEPT))
        time.sleep(0.3)  # the first takes the place of an unused one; for the others there is none
        (tmp_path / "all-wait").touch()
        assert [status(client) for client in (*waiting, *more)] == [200] * 13
