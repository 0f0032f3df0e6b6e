"""What a service does when it is told to stop or to replace its workers: nobody who was let in is turned away."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

from tests.support.actions import TIMEOUT
from tests.support.gunicorn_process import GunicornProcess
from tests.support.gunicorn_stack import run_gunicorn_stack
from tests.support.polling import eventually
from tests.support.servers import fake_redis, free_port

REQUEST = b"GET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@contextmanager
def served(folder: Path, worker: str, **environment: str) -> Iterator[GunicornProcess]:
    options = ("-k", f"tests.support.plain_service.{worker}", "--threads", "4", "-w", "1", "--no-control-socket")
    app, log = "tests.support.plain_service:app", folder / "log"
    with GunicornProcess.running(app, free_port(), environment, *options, log=log) as process:
        process.wait_until_ready("/")
        yield process


def asked(process: GunicornProcess) -> socket.socket:
    """A connection on which a request was sent."""
    client = socket.create_connection(("127.0.0.1", process.port), timeout=60)
    client.sendall(REQUEST)
    return client


def answer(client: socket.socket) -> bytes:
    return b"".join(iter(lambda: client.recv(65_536), b""))


def test_connections_that_wait_to_be_accepted_at_a_stop_are_answered(tmp_path: Path) -> None:
    with served(tmp_path, "Worker") as process, ExitStack() as stack:
        [worker] = process.workers()
        os.kill(worker, signal.SIGSTOP)
        clients = [stack.enter_context(asked(process)) for _ in range(20)]
        going_on = threading.Timer(1, os.kill, (worker, signal.SIGCONT))  # when the master has told it to stop
        going_on.start()
        process.stop()
        going_on.join()
        assert [answer(client)[-7:] for client in clients] == [b"GET /b "] * 20


def test_workers_stay_until_those_that_replace_them_have_started(tmp_path: Path) -> None:
    may_start = tmp_path / "may-start"
    with served(tmp_path, "AwaitedWorker", TEST_MAY_START=str(may_start)) as process:
        old = process.workers()
        process.reload()
        eventually(lambda: len(process.workers()) == 2)
        for _ in range(5):
            with asked(process) as client:
                assert answer(client).endswith(b"GET /b ")
        may_start.touch()
        eventually(lambda: not old & process.workers())
        with asked(process) as client:
            assert answer(client).endswith(b"GET /b ")


def test_a_service_that_is_to_stop_is_not_ready_and_goes_on_for_a_while(tmp_path: Path) -> None:
    with fake_redis() as redis, run_gunicorn_stack(tmp_path, redis, "-w", "1", AUTH_DRAIN_TIME="60") as stack:
        address = f"http://127.0.0.1:{stack.port}"
        stack.process.terminate()
        eventually(lambda: requests.get(f"{address}/health/ready", timeout=TIMEOUT).status_code == 503)
        assert requests.get(f"{address}/health/ready", timeout=TIMEOUT).json() == {"status": "stopping"}
        assert requests.get(f"{address}/health/live", timeout=TIMEOUT).status_code == 200
        stack.revoke(stack.tokens()["access_token"])
        stack.process.stop()  # who asks a second time means now: the test would otherwise last for a minute
