"""A WSGI application of a few lines, and workers for it that have little patience or room."""

import itertools
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from buffering_worker.worker import BufferingWorker

LARGEST_BODY = 100_000
LARGE = b"large" * 50_000
STREAM = [bytes([each]) * 100_000 for each in range(1, 65)]
"""More than a kernel keeps of a connection."""
HUGE_PART = b"huge" * 4_194_304
"""The same in one part, of which the worker has to keep whatever the kernel doesn't."""
_released = threading.Event()
_counted = itertools.count(1)


class Worker(BufferingWorker):
    """As in production, but for the size of bodies."""

    max_body_size = LARGEST_BODY


class StrictWorker(Worker):
    """Has a path at which no request waits too long."""

    urgent_paths = frozenset({"/urgent"})


class HastyWorker(Worker):
    """Waits a second for a request, and for its answer to be taken."""

    request_timeout = send_timeout = 1.0


class NarrowWorker(Worker):
    """Lets one thread run at a time."""

    concurrency = 1


class CrampedWorker(Worker):
    """Has no room for four large requests, nor for what two clients leave of a huge part."""

    max_buffered = 200_000
    send_timeout = 60.0


class PatientReceiver(Worker):
    """Waits long for a request."""

    request_timeout = 300.0


class PatientSender(Worker):
    """Waits a second for a request, and long for its response to be taken."""

    request_timeout, send_timeout = 1.0, 60.0


class AwaitedWorker(Worker):
    """Starts at once only if it is the first; else when a file exists."""

    def load_wsgi(self) -> None:
        may_start = Path(os.environ["TEST_MAY_START"])
        while self.age > 1 and not may_start.exists():
            time.sleep(0.02)
        super().load_wsgi()


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Does what its path says; in any other case sends method, path and body back."""
    path, length = environ["PATH_INFO"], int(environ.get("CONTENT_LENGTH") or 0)
    if path == "/fail":
        raise ValueError("on purpose")
    if path == "/fail-late":
        _answer(start_response, "200 OK", b"never said")
        raise ValueError("on purpose")
    if path in {"/pieces", "/broken"}:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return _pieces(broken=path == "/broken")
    if path in {"/stream", "/huge-part"}:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return _Stream(STREAM if path == "/stream" else [HUGE_PART])
    if path == "/streams-open":
        return _answer(start_response, "200 OK", str(_Stream.open).encode())
    if path == "/large":
        return _answer(start_response, "200 OK", LARGE)
    if path in {"/204", "/304"}:
        start_response(f"{path[1:]} NOTHING", [])
        return []
    if length > LARGEST_BODY:
        return _answer(start_response, "413 TOO LARGE", b"too large")
    if path == "/slow":
        time.sleep(1)
    if path.startswith("/until/"):
        while not Path(os.environ["TEST_EVENTS"], path.removeprefix("/until/")).exists():
            time.sleep(0.02)
    if path == "/counted":
        return _answer(start_response, "200 OK", str(next(_counted)).encode())
    if path == "/held-up":
        _released.wait(20)
    if path == "/release":
        _released.set()
    said = f"{environ['REQUEST_METHOD']} {path} ".encode()
    try:
        return _answer(start_response, "200 OK", said + environ["wsgi.input"].read())
    except OSError:  # there was more of it
        return _answer(start_response, "413 TOO LARGE", b"cut")


def _answer(start_response: Callable[..., Any], status: str, body: bytes) -> list[bytes]:
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def _pieces(*, broken: bool) -> Iterator[bytes]:
    yield b"first"
    if broken:
        raise ValueError("on purpose")
    yield b""
    yield b"second"


class _Stream:
    """Long, made part by part, and told when it isn't wanted any longer."""

    open = 0

    def __init__(self, parts: list[bytes]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        _Stream.open += 1
        yield from self._parts

    def close(self) -> None:
        _Stream.open -= 1
