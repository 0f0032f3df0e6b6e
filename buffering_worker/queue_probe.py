"""Tells whether requests wait too long for a thread, by a probe that waits among them.

The epoll hands connections out in the order in which something came from them. So while the probe is overdue, whoever
comes out before it has waited for even longer. When a request came, only the kernel knows, and nobody has to ask it.
"""

import math
import os
import select
import time
from collections.abc import Callable

SHORT_QUEUE = 32
"""So many requests wait for nothing but a machine that stood still, or a store that is slow: that is no overload."""
_NO_QUEUE = 0.01
"""Seconds. A probe that comes out as soon as this was hardly kept waiting, and the next one is sent later."""


class QueueProbe:
    """One probe at a time. Threads may race: at worst a request too many, or too few, is taken to be late."""

    def __init__(
        self, readiness: select.epoll, longest_wait: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """It waits in `readiness`, and is overdue after so many seconds."""
        self.number = os.eventfd(1, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        """The file descriptor that comes out. It can always be read, so it waits as soon as it is armed."""
        self._readiness = readiness
        self._longest_wait = longest_wait
        self._clock = clock
        self._waiting = False
        self._sent_at = -math.inf
        self._requests = 0
        """How many came out since it was sent."""
        self._next_after = SHORT_QUEUE
        """After how many the next one is sent."""
        readiness.register(self.number, 0)

    def is_overdue(self) -> bool:
        """Whether the request that has just come out waited too long. To be asked once for each."""
        self._requests += 1
        if self._waiting:
            return self._requests > SHORT_QUEUE and self._clock() - self._sent_at > self._longest_wait
        if self._requests > self._next_after:
            self._send()
        return False

    def came_out(self) -> None:
        """Note that all who came before it have come out."""
        self._next_after = SHORT_QUEUE if self._clock() - self._sent_at < _NO_QUEUE else 0
        self._waiting = False

    def _send(self) -> None:
        self._waiting, self._sent_at, self._requests = True, self._clock(), 0
        self._readiness.modify(self.number, select.EPOLLIN | select.EPOLLONESHOT)
