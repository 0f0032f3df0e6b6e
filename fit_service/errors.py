"""What went wrong, as an RFC 9457 problem document; and outages as 503."""

import logging

from flask import Flask, Response, jsonify
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

OUTAGES = (OperationalError, InterfaceError, PoolTimeoutError)
"""What the store raises when it can't be asked."""

_log = logging.getLogger(__name__)


class ProblemError(Exception):
    """The request can't be fulfilled as it is; the answer says why and, where there is one, which field is at fault."""

    def __init__(self, status: int, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.field = field


def install_error_handlers(app: Flask) -> None:
    """Answer every error of this application."""
    app.register_error_handler(ProblemError, _problem)
    app.register_error_handler(HTTPException, _http_error)
    for outage in OUTAGES:
        app.register_error_handler(outage, _outage)


def _problem(error: ProblemError) -> Response:
    return problem(error.status, error.detail, error.field)


def _http_error(error: HTTPException) -> Response:
    answer = problem(error.code or 500, error.description or "")
    for name, value in error.get_headers():
        if name not in {"Content-Type", "Content-Length"}:
            answer.headers[name] = value
    return answer


def _outage(error: Exception) -> Response:
    _log.error("outage: %s", type(error).__name__, exc_info=error)
    answer = problem(503, "The store can't be asked at the moment. Nothing was changed; try again.")
    answer.headers["Retry-After"] = "1"
    return answer


def problem(status: int, detail: str, field: str | None = None) -> Response:
    """A problem document. `field` names the member of the body or the parameter that is at fault."""
    title = HTTP_STATUS_CODES.get(status, "Error")
    body: dict[str, object] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if field is not None:
        body["errors"] = [{"field": field, "detail": detail}]
    answer = jsonify(body)
    answer.status_code, answer.mimetype = status, "application/problem+json"
    return answer
