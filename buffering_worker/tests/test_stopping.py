"""A worker that is told to stop or is replaced finishes what has begun, and turns nobody away who was let in."""

import os
import signal
import socket
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from buffering_worker.tests.served import Served, eventually, everything, get, served


def asked(process: Served) -> socket.socket:
    """A connection on which a request was sent."""
    client = process.connect()
    client.sendall(get("/b"))
    return client


def test_connections_that_wait_to_be_accepted_at_a_stop_are_answered(tmp_path: Path) -> None:
    with served(tmp_path, "Worker") as process, ExitStack() as stack:
        [worker] = process.workers()
        os.kill(worker, signal.SIGSTOP)
        clients = [stack.enter_context(asked(process)) for _ in range(20)]
        going_on = threading.Timer(1, os.kill, (worker, signal.SIGCONT))  # when the master has told it to stop
        going_on.start()
        process.stop()
        going_on.join()
        assert [everything(client)[-7:] for client in clients] == [b"GET /b "] * 20


def test_workers_stay_until_those_that_replace_them_have_started(tmp_path: Path) -> None:
    may_start = tmp_path / "may-start"
    with served(tmp_path, "AwaitedWorker", TEST_MAY_START=str(may_start)) as process:
        old = process.workers()
        process.reload()
        eventually(lambda: len(process.workers()) == 2)
        for _ in range(5):
            with asked(process) as client:
                assert everything(client).endswith(b"GET /b ")
        may_start.touch()
        eventually(lambda: not old & process.workers())
        with asked(process) as client:
            assert everything(client).endswith(b"GET /b ")


def test_what_was_begun_is_finished_before_the_worker_ends(tmp_path: Path) -> None:
    with served(tmp_path, "Worker") as process, process.connect() as client, process.connect() as unused:
        unused.sendall(get("/", "A: b"))
        assert unused.recv(1_000).startswith(b"HTTP/1.1 200 ")
        client.sendall(get("/slow", "A: b"))
        workers = process.workers()
        process.reload()
        answered = everything(client)
        assert (b"\r\nConnection: close\r\n" in answered, answered[-10:]) == (True, b"GET /slow ")
        assert everything(unused) == b""
        eventually(lambda: not workers & process.workers())


def test_unused_connections_hold_no_worker_up(tmp_path: Path) -> None:
    options = ("--keep-alive", "300", "--graceful-timeout", "300")
    with served(tmp_path, "Worker", *options) as process, process.connect() as unused:
        unused.sendall(get("/", "A: b"))
        assert unused.recv(1_000).startswith(b"HTTP/1.1 200 ")
        process.stop()


def test_a_worker_that_ends_answers_also_while_its_threads_are_held_up(tmp_path: Path) -> None:
    with served(tmp_path, "NarrowWorker") as process, process.connect() as held_up, process.connect() as unused:
        unused.sendall(get("/", "A: b"))
        assert unused.recv(1_000).startswith(b"HTTP/1.1 200 ")
        held_up.sendall(get("/held-up"))
        time.sleep(0.05)
        for worker in process.workers():
            os.kill(worker, signal.SIGTERM)
        unused.sendall(get("/release"))
        assert everything(unused).endswith(b"\r\n\r\nGET /release ")
        assert everything(held_up).endswith(b"\r\n\r\nGET /held-up ")


def test_a_worker_that_has_answered_enough_is_replaced_and_no_request_is_lost(tmp_path: Path) -> None:
    with served(tmp_path, "Worker", "--max-requests", "10") as process:
        workers = process.workers()
        assert [process.ask(get("/b")) for _ in range(30)] == [(200, b"GET /b ")] * 30
        eventually(lambda: not workers & process.workers())
