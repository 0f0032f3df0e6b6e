"""Passwords are hashed a few at a time: each takes 64 MiB and several cores, and anybody may send one.

argon2-cffi computes as many at once as threads call it; forty took 1.8 GB.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar, Literal

from argon2 import PasswordHasher


class TooManyPasswordsError(Exception):
    """So many passwords are being looked at that this one was not. Nothing was decided."""


class HasherInTurns(PasswordHasher):
    """It lets whoever finds no turn wait a moment. The line is short, so that threads are left for other requests.

    `before_waiting` is called in each thread that is going to wait.
    """

    at_a_time: ClassVar = 2
    in_line: ClassVar = 10
    """Those are included whose turn it is."""
    patience: ClassVar = 1.0
    """Somebody waits at most so many seconds for a turn."""

    _line = threading.BoundedSemaphore(in_line)
    _turns = threading.BoundedSemaphore(at_a_time)

    def __init__(self, before_waiting: Callable[[], None]) -> None:
        super().__init__()
        self._before_waiting = before_waiting

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        """Do as PasswordHasher does. Raises TooManyPasswordsError too."""
        with self._turn():
            return super().hash(password, salt=salt)

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - as argon2 calls it
        """Do as PasswordHasher does. Raises TooManyPasswordsError too."""
        with self._turn():
            return super().verify(hash, password)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._line.acquire(blocking=False):
            raise TooManyPasswordsError
        try:
            if not self._turns.acquire(blocking=False):
                self._before_waiting()
                if not self._turns.acquire(timeout=self.patience):
                    raise TooManyPasswordsError
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._line.release()
