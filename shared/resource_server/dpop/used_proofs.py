"""Which DPoP proofs were used already. Each works once (RFC 9449 §11.1)."""

import threading
from collections.abc import Callable
from typing import Protocol

from ..errors import CannotValidateError
from ..process.clock import seconds
from ..process.fork import reset_after_fork

MAX_ENTRIES = 200_000
"""So many proofs of some 180 bytes each are remembered within their lifetime before more are refused: one process does
not check as many."""


class UsedProofs(Protocol):
    """It remembers proofs for a service. Where that has several processes, one memory serves all of them."""

    def use_once(self, digest: str, lifetime: int) -> bool:
        """Return whether this is the first use, remembered for `lifetime` seconds. Of several callers, one hears yes.

        Raises CannotValidateError if that can't be told.
        """


class ProofsUsedHere:
    """It is the memory of one process. A proof that was used here could be used once more at each other one."""

    def __init__(self, *, max_entries: int = MAX_ENTRIES, clock: Callable[[], float] = seconds) -> None:
        self._max_entries = max_entries
        self._clock = clock
        self.reset()
        reset_after_fork(self)

    def reset(self) -> None:
        """Remember nothing."""
        self._lock = threading.Lock()
        self._began = self._clock()
        self._newer: set[str] = set()
        self._older: set[str] = set()

    def use_once(self, digest: str, lifetime: int) -> bool:
        """See UsedProofs. Everything is remembered for at least one lifetime and at most two."""
        with self._lock:
            age = self._clock() - self._began
            if age >= lifetime:
                self._older = self._newer if age < 2 * lifetime else set()
                self._newer, self._began = set(), self._clock()
            if digest in self._newer or digest in self._older:
                return False
            if len(self._newer) + len(self._older) >= self._max_entries:
                raise CannotValidateError("too many DPoP proofs to remember")  # to forget one would let it in again
            self._newer.add(digest)
            return True
