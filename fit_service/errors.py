"""What went wrong, as an RFC 9457 problem document; and outages as 503."""

from collections.abc import Mapping, Sequence

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.http import HTTP_STATUS_CODES

from shared.service.outages import OutageLog
from shared.service.sql_engine import SQL_OUTAGES

OUTAGES = SQL_OUTAGES
"""What the store raises when it can't be asked or can't be written."""

_outages = OutageLog()


class ProblemError(Exception):
    """The request can't be fulfilled as it is; the answer says why and, where there are some, what is at fault.

    Either one `field`, a member of the body or a parameter, or `errors` that say for each where it is.
    """

    def __init__(
        self, status: int, detail: str, *, field: str | None = None, errors: Sequence[Mapping[str, object]] = ()
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = [{"field": field, "detail": detail}] if field is not None else list(errors)


class QuotaExceededError(ProblemError):
    """Too many requests came (RFC 6585 §4)."""

    def __init__(self, detail: str, policy: str, seconds: int) -> None:
        super().__init__(429, detail)
        self.policy = policy
        self.seconds = seconds
        """Until the next request may succeed."""


class UnsupportedCodingError(ProblemError):
    """The body is compressed in a way that is not read here (RFC 9110 §15.5.16)."""

    def __init__(self, accepted: Sequence[str]) -> None:
        super().__init__(415, f"The Content-Encoding of the body must be {' or '.join((*accepted, 'none'))}.")
        self.accepted = accepted


class TryAgainError(ProblemError):
    """Nobody can say at the moment whether the request may be fulfilled (503)."""

    def __init__(self, detail: str) -> None:
        super().__init__(503, detail)


class DatabaseBehindError(TryAgainError):
    """The database lacks changes that were told of: a backup was restored, and nobody said so."""

    def __init__(self) -> None:
        super().__init__(
            "The store lacks its last changes, so nothing can be changed until its operator has seen to it."
        )


def install_error_handlers(app: Flask) -> None:
    """Answer every error of this application."""
    app.register_error_handler(ProblemError, _problem)
    app.register_error_handler(QuotaExceededError, _quota_exceeded)
    app.register_error_handler(UnsupportedCodingError, _unsupported_coding)
    app.register_error_handler(TryAgainError, _try_again)
    app.register_error_handler(RequestEntityTooLarge, _too_large)
    app.register_error_handler(HTTPException, _http_error)
    for outage in OUTAGES:
        app.register_error_handler(outage, _outage)


def _problem(error: ProblemError) -> Response:
    return problem(error.status, error.detail, error.errors)


def _quota_exceeded(error: QuotaExceededError) -> Response:
    kind = "https://iana.org/assignments/http-problem-types#quota-exceeded"
    answer = problem(error.status, error.detail, members={"type": kind, "violated-policies": [error.policy]})
    answer.headers["Retry-After"] = str(error.seconds)
    return answer


def _unsupported_coding(error: UnsupportedCodingError) -> Response:
    answer = problem(error.status, error.detail)
    answer.headers["Accept-Encoding"] = ", ".join(error.accepted) or "identity"
    return answer


def _try_again(error: TryAgainError) -> Response:
    answer = _problem(error)
    answer.headers["Retry-After"] = "1"
    return answer


def _too_large(error: RequestEntityTooLarge) -> Response:
    return problem(error.code, f"The body must have at most {request.max_content_length} bytes.")


def _http_error(error: HTTPException) -> Response:
    answer = problem(error.code or 500, error.description or "")
    for name, value in error.get_headers():
        if name not in {"Content-Type", "Content-Length"}:
            answer.headers[name] = value
    return answer


def _outage(error: Exception) -> Response:
    _outages.add(error)
    return _try_again(TryAgainError("The store can't be asked at the moment. Nothing was changed; try again."))


def problem(
    status: int, detail: str, errors: Sequence[Mapping[str, object]] = (), members: Mapping[str, object] | None = None
) -> Response:
    """A problem document, with what else it says."""
    title = HTTP_STATUS_CODES.get(status, "Error")
    body: dict[str, object] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    body |= members or {}
    if errors:
        body["errors"] = errors
    answer = jsonify(body)
    answer.status_code, answer.mimetype = status, "application/problem+json"
    return answer
