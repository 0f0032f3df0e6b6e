"""What the log says of an outage: one line when it begins and one a minute while it lasts, however many requests fail.

Each of these has its own line in the request log, with its status.
"""

import logging
import time
from collections.abc import Callable

REMIND_EVERY = 60.0
"""A line about one kind of failure is followed by the next after so many seconds."""

_log = logging.getLogger(__name__)


def one_line(error: BaseException) -> str:
    """Return what an error says, up to its first line break: what follows is advice and background for programmers."""
    return str(error).partition("\n")[0]


class OutageLog:
    """It counts failures by kind."""

    def __init__(self, what: str = "outage", clock: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._clock = clock
        self._kinds: dict[type[Exception], tuple[float, int]] = {}
        """This says of each kind when a line was written, and how many failures there were since."""

    def add(self, error: Exception) -> None:
        """Write a line about the failure, or count it."""
        kind, now = type(error), self._clock()
        written_at, unsaid = self._kinds.get(kind, (float("-inf"), 0))
        if now - written_at < REMIND_EVERY:
            self._kinds[kind] = written_at, unsaid + 1
            return
        self._kinds[kind] = now, 0
        more = f" (and {unsaid} more since the last line)" if unsaid else ""
        _log.error("%s: %s: %s%s", self._what, kind.__name__, one_line(error), more)
