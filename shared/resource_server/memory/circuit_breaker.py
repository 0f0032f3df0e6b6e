"""Spares everybody the wait for an authorization server that does not answer: after a row of failures, one probe a
second finds out whether it is back, and all others are refused at once.
"""

import threading
from collections.abc import Callable

from ..errors import CannotValidateError
from ..process.clock import seconds
from ..process.fork import reset_after_fork

FAILURES = 5
"""After so many in a row it opens."""
PROBE_EVERY = 1.0
"""While it is open, one attempt in so many seconds is let through."""


class CircuitBreaker:
    """Ask `admit` before each attempt and report what became of it."""

    def __init__(self, clock: Callable[[], float] = seconds) -> None:
        self._clock = clock
        self.reset()
        reset_after_fork(self)

    def reset(self) -> None:
        """Close it, as at the beginning."""
        self._lock = threading.Lock()
        self._failures = 0
        self._about: set[bytes] = set()
        self._next_probe = 0.0

    def admit(self) -> None:
        """Let an attempt through, or raise CannotValidateError."""
        if self._failures < FAILURES:
            return
        with self._lock:
            now = self._clock()
            if self._failures >= FAILURES and now < self._next_probe:
                raise CannotValidateError("the authorization server did not answer lately")
            self._next_probe = now + PROBE_EVERY

    def succeeded(self) -> None:
        """Close it."""
        with self._lock:
            self._failures = 0
            self._about.clear()

    def failed(self, about: bytes | None = None) -> bool:
        """Count; return whether that opened it. A failure `about` a token counts once: its sender chose the token."""
        with self._lock:
            if about is not None:
                if about in self._about or len(self._about) >= FAILURES:
                    return False
                self._about.add(about)
            self._failures += 1
            if opened := self._failures == FAILURES:
                self._next_probe = self._clock() + PROBE_EVERY
            return opened
