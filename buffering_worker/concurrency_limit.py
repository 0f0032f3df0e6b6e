"""How many threads of a worker run at a time: of many that compete for the interpreter, some wait very long.

A thread that is about to wait for something else releases its slot, and another one runs meanwhile.
"""

import math
import threading
import time

_thread = threading.local()


def release_slot() -> None:
    """Let another thread of this worker run while the calling one waits. Outside of a worker nothing happens."""
    slot: Slot | None = getattr(_thread, "slot", None)
    if slot:
        slot.release()


class Slot:
    """A thread's right to run."""

    def __init__(self, limit: "ConcurrencyLimit") -> None:
        self.busy_since = math.inf
        """When the thread began with its present request, by `time.monotonic()`."""
        self._limit = limit

    @property
    def held(self) -> bool:
        """Whether it wasn't released yet."""
        return self in self._limit.slots

    def release(self) -> None:
        """Let another thread run. The holder finishes what it has begun. Any thread may call this, more than once."""
        try:
            self._limit.slots.remove(self)  # one thread succeeds
        except KeyError:
            return
        self._limit.free.release()


class ConcurrencyLimit:
    """The slots of one worker."""

    def __init__(self, limit: int) -> None:
        self.free = threading.Semaphore(limit)
        self.slots: set[Slot] = set()
        """Those that are held."""

    def acquire(self) -> Slot:
        """Wait for a slot for the calling thread."""
        self.free.acquire()
        slot = Slot(self)
        self.slots.add(slot)
        _thread.slot = slot
        return slot

    def release_blocked(self, seconds: float) -> None:
        """Release the slots of threads that have been at one request for so long: something else blocks them."""
        latest = time.monotonic() - seconds
        for slot in self.slots.copy():
            if slot.busy_since < latest:
                slot.release()
