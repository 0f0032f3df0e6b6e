"""How many threads of a worker run at a time: of many that compete for the interpreter, some wait very long.

Each that waits for a store gives the interpreter to another and then stands in line for it again. So where two keep the
processor busy, a third only makes each request dearer; where stores are slow, more are needed.

A thread that is about to wait for something else releases its slot, and another one runs meanwhile.
"""

import math
import threading
import time
from contextlib import suppress

BUSY = 0.85
"""A worker that computes for this part of the time keeps a processor busy."""
FEWEST = 2
"""While one thread waits for a store another one can run."""
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
    """The slots of one worker: at first as many as there may be."""

    def __init__(self, most: int) -> None:
        self.limit = self._most = most
        """So many slots there are."""
        self.free = threading.Semaphore(most)
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

    def adapt(self, used: float) -> None:
        """Take a slot away where threads used so much of a processor's time that one less will do, or add one."""
        if used < BUSY and self.limit < self._most:
            self.limit += 1
            self.free.release()
        elif used >= BUSY and self.limit > FEWEST:
            with suppress(KeyError):
                self.slots.pop()  # its thread finishes what it has begun, and nobody else gets it
                self.limit -= 1
