"""The id that follows one request through every service, in `X-Request-Id` and in each log line."""

import random
import re
from contextvars import ContextVar

HEADER = "X-Request-Id"
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}")
_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def current_request_id() -> str | None:
    """Return the id of the request that this thread is answering."""
    return _current.get()


def begin_request(given: str) -> str:
    """Take over the caller's id, or make one: it is this thread's current one until the next request begins."""
    # Ids must differ, not be secret. To ask the system for randomness would let another thread run in between.
    request_id = given if _ACCEPTABLE.fullmatch(given) else f"{random.getrandbits(64):016x}"
    _current.set(request_id)
    return request_id
