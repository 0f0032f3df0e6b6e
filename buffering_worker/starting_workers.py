"""Knows which workers of a gunicorn are still starting, so that those that they replace stay until then.

gunicorn tells old workers to stop as soon as it has forked new ones, which serve only seconds later.
"""

import mmap

_SLOTS = 4_096
_NEXT = 256
"""How many workers are looked at. More are never started at once."""


class StartingWorkers:
    """A flag for each worker, by its age, in memory that the master shares with all workers that it forks later."""

    def __init__(self) -> None:
        self._is_starting = mmap.mmap(-1, _SLOTS)

    def begin(self, age: int) -> None:
        """Note that a worker is about to be forked."""
        self._is_starting[age % _SLOTS] = True

    def end(self, age: int) -> None:
        """Note that it serves."""
        self._is_starting[age % _SLOTS] = False

    def any_after(self, age: int) -> bool:
        """Whether a younger worker is starting."""
        return any(self._is_starting[younger % _SLOTS] for younger in range(age + 1, age + 1 + _NEXT))
