"""The plain service under gunicorn with one worker, in processes of its own, and what its clients do."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PARENT = Path(__file__).resolve().parents[2]
"""The folder from which the worker and these tests are imported."""
APP = "buffering_worker.tests.plain_service:app"
GUNICORN = str(Path(sys.executable).with_name("gunicorn"))


class Served:
    """A gunicorn that listens on one address."""

    def __init__(self, process: subprocess.Popen[bytes], address: str | tuple[str, int]) -> None:
        self._process = process
        self._address = address

    def connect(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX if isinstance(self._address, str) else socket.AF_INET)
        client.settimeout(60)
        client.connect(self._address)
        return client

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the response, after which the server closes."""
        with self.connect() as client:
            client.sendall(request)
            head, _, body = everything(client).partition(b"\r\n\r\n")
        return int(head.split()[1]), body

    def workers(self) -> set[int]:
        """Process ids."""
        master = self._process.pid
        return set(map(int, Path(f"/proc/{master}/task/{master}/children").read_text().split()))

    def cpu_seconds(self) -> float:
        """What the workers have used up."""
        stats = [Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split() for worker in self.workers()]
        return sum(int(each[11]) + int(each[12]) for each in stats) / os.sysconf("SC_CLK_TCK")

    def reload(self) -> None:
        """Replace the workers."""
        self._process.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        """Tell it to stop, and wait until it has."""
        self._process.terminate()
        self._process.wait(50)


@contextmanager
def served(folder: Path, worker: str, *options: str, unix: bool = False, **environment: str) -> Iterator[Served]:
    """Serve with a worker of `plain_service`, or with one of gunicorn's, until the block ends."""
    name = worker if worker.islower() else f"buffering_worker.tests.plain_service.{worker}"
    listener = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
    listener.bind(str(folder / "socket") if unix else ("127.0.0.1", 0))
    listener.listen(2_048)
    address = listener.getsockname()
    command = [GUNICORN, "-k", name, "--threads", "4", "-w", "1", "--no-control-socket", *options]
    with (folder / "log").open("ab") as log, listener:
        process = subprocess.Popen(
            [*command, "-b", f"fd://{listener.fileno()}", APP],
            cwd=PARENT,
            env={**os.environ, **environment},
            stderr=log,
            pass_fds=[listener.fileno()],
            start_new_session=True,
        )
    running = Served(process, address)
    try:
        assert running.ask(get("/")) == (200, b"GET / ")
        yield running
    finally:
        running.stop()


def everything(client: socket.socket) -> bytes:
    """What the client gets until the server closes."""
    return b"".join(iter(lambda: client.recv(65_536), b""))


def get(path: str, *fields: str, method: str = "GET") -> bytes:
    """A request, after which the server closes unless the fields say otherwise."""
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *(fields or ("Connection: close",))]
    return "\r\n".join([*lines, "", ""]).encode()


def eventually(condition: Callable[[], object], within: float = 60.0) -> None:
    """Wait until the condition holds. Fail if it doesn't within so many seconds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.02)
