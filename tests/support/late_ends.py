"""A proxy before PostgreSQL through which some answers' ends come late: in a process of its own.

Whoever waits for them inside of libpq keeps the interpreter, so a thread would never send them.
"""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import make_url

LATE = 3.0
"""The end comes so many seconds after the rest."""
_END = len(b"Z\0\0\0\5I")
"""ReadyForQuery has so many bytes."""


@contextmanager
def late_ends(url: str, mark: str) -> Iterator[str]:
    """Yield the URL of the same database through a proxy, where answers that hold `mark` end late."""
    place = make_url(url)
    command = [sys.executable, "-m", "tests.support.late_ends", str(place.port), mark]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield place.set(port=int(process.stdout.readline())).render_as_string()
        finally:
            process.kill()


def _pass_on(source: socket.socket, target: socket.socket, mark: bytes | None) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            late = _END if mark is not None and mark in data else 0
            target.sendall(data[: len(data) - late])
            if late:
                time.sleep(LATE)
                target.sendall(data[-late:])
        target.shutdown(socket.SHUT_WR)


def _run(port: int, mark: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            client, server = listener.accept()[0], socket.create_connection(("127.0.0.1", port))
            for each in ((client, server, None), (server, client, mark)):
                threading.Thread(target=_pass_on, args=each, daemon=True).start()


if __name__ == "__main__":
    _run(int(sys.argv[1]), sys.argv[2].encode())
