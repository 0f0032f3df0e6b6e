"""The clock that freshness is measured with: it goes on while the machine sleeps, and nobody can set it."""

import time
from collections.abc import Callable
from functools import partial

seconds: Callable[[], float] = (
    partial(time.clock_gettime, time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic
)
"""It returns the seconds since some moment in the past.

Linux stops its monotonic clock during a suspend: a process that wakes up would take what it remembers for fresh.
"""
