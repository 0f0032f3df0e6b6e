"""At a short outage a device hears `slow_down`, and everybody else 503: several clients end their flow at one 503.

It is true: who waits longer gets an answer. RFC 8628 §3.5 has a client wait five seconds longer for good.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc8628 import SlowDownError

from auth_service.storage.errors import OUTAGES

SHORT = 30.0
"""Seconds. An outage that lasts longer is told to devices too, or they would wait for ever."""

_log = logging.getLogger(__name__)


class ShortOutage:
    """It knows since when polls of this process have failed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began: float | None = None

    @contextmanager
    def told_to_slow_down(self) -> Iterator[None]:
        """Raise SlowDownError for an outage that began a short while ago, and any later one as it is."""
        try:
            yield
        except OUTAGES as outage:
            began = self._began = self._clock() if self._began is None else self._began
            if self._clock() - began >= SHORT:
                raise
            _log.warning("a device has to wait: %s", type(outage).__name__)
            raise SlowDownError from outage
        except OAuth2Error:
            self._began = None
            raise
        self._began = None
