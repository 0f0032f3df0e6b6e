"""The id that follows one request through every service, in `X-Request-Id` and in each log line; and that line."""

import logging
import random
import re
import time
from contextvars import ContextVar

from flask import Flask, Response, g, request

HEADER = "X-Request-Id"
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}")
_current: ContextVar[str | None] = ContextVar("request_id", default=None)
_log = logging.getLogger("request")


def current_request_id() -> str | None:
    """The id of the request that this thread is answering."""
    return _current.get()


def begin_request(given: str) -> str:
    """Take over the caller's id, or make one: it is this thread's current one until the next request begins."""
    # Ids must differ, not be secret. To ask the system for randomness would let another thread run in between.
    request_id = given if _ACCEPTABLE.fullmatch(given) else f"{random.getrandbits(64):016x}"
    _current.set(request_id)
    return request_id


def log_answer(method: str, path: str, status: int, began: float) -> None:
    """The line that each request leaves in the log; `began` is by `time.perf_counter()`."""
    milliseconds = round((time.perf_counter() - began) * 1000, 1)
    extra = {"method": method, "path": path, "status": status, "milliseconds": milliseconds}
    _log.info("%s %s %s", method, path, status, extra=extra)


def follow_requests(app: Flask) -> None:
    """Take over the caller's id or make one, send it back, and log each request without its query string."""

    @app.before_request
    def begin() -> None:
        begin_request(request.headers.get(HEADER, ""))
        g.request_began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        response.headers[HEADER] = current_request_id() or ""
        if not request.path.startswith("/health/"):
            log_answer(request.method, request.path, response.status_code, g.get("request_began", time.perf_counter()))
        return response
