"""Which of a worker's threads may run: a few at a time, because of many that want the interpreter some wait very long.

A thread that waits for something else gives its turn to another. Only `gunicorn_worker` deals turns out.
"""

import math
import threading
import time

_thread = threading.local()


def give_way() -> None:
    """Let another thread of this worker answer requests while the calling one waits. Elsewhere nothing happens."""
    turn: Turn | None = getattr(_thread, "turn", None)
    if turn:
        turn.end()


class Turn:
    """A thread's right to answer requests."""

    def __init__(self, turns: "Turns") -> None:
        self.busy_since = math.inf
        """By `time.monotonic()`: since when it is at one request."""
        self._turns = turns

    @property
    def lasts(self) -> bool:
        """Whether it hasn't ended."""
        return self in self._turns.taken

    def end(self) -> None:
        """Let another thread have a turn. What was begun in this one goes on; any thread may end it."""
        try:
            self._turns.taken.remove(self)  # one thread succeeds
        except KeyError:
            return
        self._turns.free.release()


class Turns:
    """The turns of one worker."""

    def __init__(self, at_a_time: int) -> None:
        self.free = threading.Semaphore(at_a_time)
        self.taken: set[Turn] = set()

    def take(self) -> Turn:
        """Wait for a turn for the calling thread."""
        self.free.acquire()
        turn = Turn(self)
        self.taken.add(turn)
        _thread.turn = turn
        return turn

    def end_held_up(self, seconds: float) -> None:
        """End the turns of threads that are at one request for so long."""
        latest = time.monotonic() - seconds
        for turn in self.taken.copy():
            if turn.busy_since < latest:
                turn.end()
