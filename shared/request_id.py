"""The id that follows one request through every service, in `X-Request-Id` and in each log line; and that line."""

import logging
import re
import secrets
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


def follow_requests(app: Flask) -> None:
    """Take over the caller's id or make one, send it back, and log each request without its query string."""

    @app.before_request
    def begin() -> None:
        given = request.headers.get(HEADER, "")
        _current.set(given if _ACCEPTABLE.fullmatch(given) else secrets.token_hex(8))
        g.request_began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        request_id = current_request_id() or ""
        response.headers[HEADER] = request_id
        if not request.path.startswith("/health/"):
            began = g.get("request_began", time.perf_counter())
            _log.info(
                "%s %s %s",
                request.method,
                request.path,
                response.status_code,
                extra={
                    "method": request.method,
                    "path": request.path,
                    "status": response.status_code,
                    "milliseconds": round((time.perf_counter() - began) * 1000, 1),
                },
            )
        return response
