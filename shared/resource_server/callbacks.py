"""What an application lends to the kit may raise. That must neither end a thread of the kit's nor become an answer."""

import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger(__name__)


def guarded(callback: Callable[P, T], name: str) -> Callable[P, T | None]:
    """Return the same callback, but it returns None where it would raise. The first time, the log says why."""
    told = False

    def call(*args: P.args, **kwargs: P.kwargs) -> T | None:
        nonlocal told
        try:
            return callback(*args, **kwargs)
        except Exception:
            if not told:
                told = True
                _log.exception("the callback `%s` raises; what it raises from now on is passed over", name)
            return None

    return call
