"""Waiting for something to become true, instead of for a time to pass."""

import time
from collections.abc import Callable


def eventually(condition: Callable[[], object], within: float = 60.0, every: float = 0.02) -> None:
    """Wait until the condition holds, which is asked `every` so often; fail if it doesn't within so many seconds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(every)
