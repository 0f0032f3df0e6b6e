"""At a short outage a device hears `slow_down`, and everybody else 503: several clients end their flow at one 503.

It is true: who waits longer gets an answer. RFC 8628 §3.5 has a client wait five seconds longer for good.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc8628 import SlowDownError

from auth_service.storage.errors import OUTAGES
from shared.resource_server.process import seconds

SHORT = 30.0
"""Seconds. An outage that lasts longer is told to devices too, or they would wait for ever."""

_log = logging.getLogger(__name__)


class ShortOutage:
    """It knows since when polls of this process have failed."""

    def __init__(self) -> None:
        self._began: float | None = None

    @contextmanager
    def told_to_slow_down(self) -> Iterator[None]:
        """Raise SlowDownError for an outage that began a short while ago, and any later one as it is."""
        try:
            yield
        except OUTAGES as outage:
            now = seconds()
            began = self._began = now if self._began is None else self._began
            if now - began >= SHORT:
                raise
            _log.warning("a device has to wait: %s", type(outage).__name__)
            raise SlowDownError from outage

    @contextmanager
    def over_with_an_answer(self) -> Iterator[None]:
        """Do the same where the stores are asked: any other outcome, a refusal too, is the end of an outage."""
        with self.told_to_slow_down():
            try:
                yield
            except OAuth2Error:
                self._began = None
                raise
            self._began = None
