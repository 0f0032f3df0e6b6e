"""What went wrong is answered as an RFC 9457 problem document, and outages as 503."""

from collections.abc import Mapping, Sequence

from flask import Flask, Response, current_app, jsonify, request
from werkzeug.exceptions import HTTPException, NotFound, RequestEntityTooLarge
from werkzeug.http import HTTP_STATUS_CODES

from fit_service.rules.refusals import (
    ChangedMeanwhileError,
    DeletedRecordError,
    Fault,
    InvalidEntriesError,
    InvalidValueError,
    NoSuchEntryError,
    Place,
    RefusedError,
    TooLongError,
    UnknownFormatError,
    UnreadableError,
)
from fit_service.storage.database_epoch import DatabaseBehindError
from fit_service.storage.webhook_secrets import SecretUnreadableError
from fit_service.storage.webhooks import ConsentInDoubtError, NotActiveError, TooManyWebhooksError
from shared.service.outages import OutageLog
from shared.service.sql_engine import SQL_OUTAGES

STATUSES: Mapping[type[RefusedError], int] = {
    UnreadableError: 400,
    InvalidValueError: 422,
    InvalidEntriesError: 422,
    TooLongError: 422,
    UnknownFormatError: 422,
    NoSuchEntryError: 404,
    DeletedRecordError: 410,
    ChangedMeanwhileError: 412,
    TooManyWebhooksError: 409,
    NotActiveError: 409,
    ConsentInDoubtError: 503,
    DatabaseBehindError: 503,
    SecretUnreadableError: 503,
}
"""Every refusal of the rules and of storage has its status here, and no further type (`about:blank`)."""
NUMBERED_PLACES = ("index", "line")
"""Where an entry stands is shown as a member of this name."""
_MAY_SUCCEED_AFTER = 1
"""A request that was answered with 503 is worth repeating after so many seconds."""

_outages = OutageLog()


class ProblemError(Exception):
    """Only HTTP knows of this refusal, by its status; `field` is a header that is at fault."""

    def __init__(self, status: int, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.faults = () if field is None else (Fault(field, detail),)


class QuotaExceededError(ProblemError):
    """Too many requests came (RFC 6585 §4)."""

    def __init__(self, detail: str, policy: str, seconds: int) -> None:
        super().__init__(429, detail)
        self.policy = policy
        self.seconds = seconds
        """The next request may succeed after so many seconds."""


class UnsupportedCodingError(ProblemError):
    """The body is compressed in a way that is not read here (RFC 9110 §15.5.16)."""

    def __init__(self, accepted: Sequence[str]) -> None:
        super().__init__(415, f"The Content-Encoding of the body must be {' or '.join((*accepted, 'none'))}.")
        self.accepted = accepted


def install_error_handlers(app: Flask) -> None:
    """Answer every error of this application."""
    app.register_error_handler(RefusedError, _refused)
    app.register_error_handler(ProblemError, _problem)
    app.register_error_handler(QuotaExceededError, _quota_exceeded)
    app.register_error_handler(UnsupportedCodingError, _unsupported_coding)
    app.register_error_handler(RequestEntityTooLarge, _too_large)
    app.register_error_handler(HTTPException, _http_error)
    for outage in SQL_OUTAGES:
        app.register_error_handler(outage, _outage)


def status_of(refusal: RefusedError) -> int:
    """Return the status with which a refusal is answered."""
    return STATUSES[type(refusal)]


def shown_faults(faults: Sequence[Fault]) -> list[dict[str, object]]:
    """Make the member `errors` of a problem document: where an entry stands among several, the field, a sentence."""
    return [
        {**(shown_place(fault.place) if fault.place else {}), "field": fault.field, "detail": fault.sentence}
        for fault in faults
    ]


def shown_place(place: Place) -> dict[str, object]:
    """Make the member that says where an entry stands: a `line`, an `index`, or in words as in "record 7"."""
    name, number = place
    return {name: number} if name in NUMBERED_PLACES else {"place": place_in_words(place)}


def place_in_words(place: Place) -> str:
    """Say where an entry stands, as a person would look for it."""
    name, number = place
    return f"{name} {number}"


def _refused(refusal: RefusedError) -> Response:
    return problem(status_of(refusal), refusal.sentence, refusal.faults)


def _problem(error: ProblemError) -> Response:
    return problem(error.status, error.detail, error.faults)


def _quota_exceeded(error: QuotaExceededError) -> Response:
    kind = "https://iana.org/assignments/http-problem-types#quota-exceeded"
    answer = problem(error.status, error.detail, members={"type": kind, "violated-policies": [error.policy]})
    answer.headers["Retry-After"] = str(error.seconds)
    return answer


def _unsupported_coding(error: UnsupportedCodingError) -> Response:
    answer = problem(error.status, error.detail)
    answer.headers["Accept-Encoding"] = ", ".join(error.accepted) or "identity"
    return answer


def _too_large(error: RequestEntityTooLarge) -> Response:
    what_helps = getattr(current_app.view_functions.get(request.endpoint or ""), "if_longer", None)
    detail = f"The body must have at most {request.max_content_length} bytes"
    return problem(error.code, f"{detail}: {what_helps}." if what_helps else f"{detail}.")


def _http_error(error: HTTPException) -> Response:
    nothing = isinstance(error, NotFound)  # of which Werkzeug says what somebody may have typed into a browser
    answer = problem(error.code or 500, "There is nothing at this address." if nothing else error.description or "")
    for name, value in error.get_headers():
        if name not in {"Content-Type", "Content-Length"}:
            answer.headers[name] = value
    return answer


def _outage(error: Exception) -> Response:
    """Whether a change was stored whose commit was not confirmed in time nobody knows, so its key tells."""
    _outages.add(error)
    return problem(503, "The store can't be asked at the moment. Try again, a change with the same Idempotency-Key.")


def problem(
    status: int, detail: str, faults: Sequence[Fault] = (), members: Mapping[str, object] | None = None
) -> Response:
    """Make a problem document, with further `members`. A 503 says when the request may be repeated."""
    title = HTTP_STATUS_CODES.get(status, "Error")
    body: dict[str, object] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    body |= members or {}
    if faults:
        body["errors"] = shown_faults(faults)
    answer = jsonify(body)
    answer.status_code, answer.mimetype = status, "application/problem+json"
    if status == 503:
        answer.headers["Retry-After"] = str(_MAY_SUCCEED_AFTER)
    return answer
