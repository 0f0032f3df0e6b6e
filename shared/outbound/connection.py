"""A connection looks its host up once, checks what that led to, and connects to nothing else."""

import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar
from urllib.parse import SplitResult

from shared.resource_server.back_channel import DeadlineConnection, SocketAddress

LOOK_UPS = 32
"""So many names are looked up at once in a process, those included that nobody waits for any longer."""

_look_ups = threading.BoundedSemaphore(LOOK_UPS)
_Found = TypeVar("_Found")


class ForbiddenAddressError(OSError):
    """The name leads to where we must not connect."""


class GuardedConnection(DeadlineConnection):
    """It is HTTP to the host of an address, where `may_connect` allows that; its deadline includes the look-up."""

    def __init__(self, parts: SplitResult, tls: ssl.SSLContext, may_connect: Callable[[str], bool]) -> None:
        secure = parts.scheme == "https"
        super().__init__(parts.hostname or "", parts.port or (443 if secure else 80), tls if secure else None)
        self._may_connect = may_connect

    @property
    def is_open(self) -> bool:
        """Whether it was used before and not closed since."""
        return self.sock is not None

    def addresses(self) -> list[SocketAddress]:
        """Look up where the host is. Raises ForbiddenAddressError if no address is allowed, TimeoutError."""
        try:
            found = _in_time(super().addresses, self.seconds_left())
        except UnicodeError as error:  # a name that can't be one
            raise socket.gaierror(str(error)) from error
        allowed = [each for each in found if self._may_connect(str(each[4][0]))]
        if found and not allowed:
            raise ForbiddenAddressError(self.host)
        return allowed


def _in_time(look_up: Callable[[], _Found], seconds: float) -> _Found:
    """Look something up for at most so many seconds. That can't be interrupted: it ends in a thread of its own."""
    if not _look_ups.acquire(timeout=seconds):
        raise TimeoutError("too many names are being looked up")
    found: Future[_Found] = Future()

    def look() -> None:
        try:
            found.set_result(look_up())
        except BaseException as error:
            found.set_exception(error)
        finally:
            _look_ups.release()

    try:
        threading.Thread(target=look, name="look-up", daemon=True).start()
    except RuntimeError as error:  # no thread can be had
        _look_ups.release()
        raise OSError(str(error)) from error
    return found.result(timeout=seconds)
