"""What went wrong is told in the form that the asker reads: a page for people, JSON for programs; outages are 503.

An outage is never told as a refusal: clients throw tokens away on 400 and 401, and come back after a 503.
"""

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from authlib.oauth2 import OAuth2Error
from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError, SecurityError, TooManyRequests

from auth_service.models.language import gettext_noop
from auth_service.protocol.errors import printable
from auth_service.storage.errors import OUTAGES
from auth_service.storage.password_hashing import TooManyPasswordsError
from auth_service.web.waiting import try_again_in
from shared.operations.request_id import current_request_id
from shared.service.outages import OutageLog

if TYPE_CHECKING:
    from _typeshed import OptExcInfo

_TITLES = {
    400: gettext_noop("This can’t be done"),
    404: gettext_noop("Nothing here"),
    405: gettext_noop("Nothing to see here"),
    413: gettext_noop("This is too much"),
    429: gettext_noop("Too many attempts"),
    503: gettext_noop("Please try again"),
}
_ANY_TITLE = gettext_noop("Something went wrong")
_TEXTS = {
    404: gettext_noop("There is no page at this address."),
    405: gettext_noop("This address is for programs and forms, and takes other methods than this one."),
    413: gettext_noop("What was sent is larger than anything we need."),
    429: gettext_noop("Wait a little, then try again."),
    500: gettext_noop("This is our mistake, and it has been noted."),
    503: gettext_noop("We can’t answer at the moment. Nothing was lost; try again in a few seconds."),
}

_FORGED = gettext_noop(
    "This form was open for too long, or was not ours. Go back, load its page again and send it once more."
)
_MISTAKEN = gettext_noop(
    "The app that sent you here made a mistake, so nothing was shared with it. Tell its makers: %(mistake)s"
)

_log = logging.getLogger(__name__)
_outages = OutageLog()


@dataclass(frozen=True, slots=True)
class Failure:
    """An error is told so, to people and to programs."""

    status: int
    code: str
    """It is a name of OAuth's errors."""
    text: str
    """It is a sentence in English, perhaps with the place `%(mistake)s`; pages say it in their language."""
    headers: list[tuple[str, str]] = field(default_factory=list)
    mistake: str | None = None
    """It is for developers, so in English everywhere."""
    retry_after: int | None = None
    """People read this, in seconds, instead of the text."""

    def body(self) -> dict[str, str]:
        """Return what a program reads, in the characters that OAuth allows."""
        text = self.text if self.mistake is None else self.text % {"mistake": self.mistake}
        return {"error": self.code, "error_description": printable(text.replace("’", "'"))}

    def sentence(self) -> str:
        """Return what a person reads, in the language of the page."""
        if self.retry_after is not None:
            return try_again_in(self.retry_after)
        if self.mistake is not None:
            return gettext(self.text, mistake=self.mistake)
        return gettext(self.text) if self.text else ""


_UNAVAILABLE = Failure(503, "temporarily_unavailable", _TEXTS[503], [("Retry-After", "1")])
_OVERLOADED = Failure(
    503,
    "temporarily_unavailable",
    gettext_noop("More is asked than we can answer at the moment. Nothing was begun; try again in a few seconds."),
    [("Retry-After", "1")],
)


def install_error_handlers(app: Flask) -> None:
    """Answer every error of this application."""
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(OAuth2Error, _authorization_refused)
    for unavailable in (*OUTAGES, TooManyPasswordsError):
        app.register_error_handler(unavailable, failed)
    _log_only_faults(app)


def _log_only_faults(app: Flask) -> None:
    """Have the framework write no traceback of an outage that comes after the view, as when a session is saved."""
    log_exception = app.log_exception

    def log(exc_info: "OptExcInfo") -> None:
        if not isinstance(exc_info[1], OUTAGES):
            log_exception(exc_info)

    app.log_exception = log  # type: ignore[method-assign]


def failure_of(error: Exception) -> Failure:
    """Say how to answer what was raised on the way. An outage, and a fault of ours, is noted in the log."""
    original = getattr(error, "original_exception", None)  # raised before a handler of its own could be found
    outage = original if isinstance(original, OUTAGES) else error
    if isinstance(outage, OUTAGES):
        _outages.add(outage)
        return _UNAVAILABLE
    if isinstance(error, TooManyPasswordsError):
        return _UNAVAILABLE
    if not isinstance(error, HTTPException):
        _log.error("not foreseen", exc_info=error)
        error = InternalServerError()
    status = error.code or 500
    text = _FORGED if isinstance(error, CSRFError) else _TEXTS.get(status)
    retry_after = None
    if isinstance(error, TooManyRequests) and isinstance(error.retry_after, int):
        retry_after, text = error.retry_after, f"Try again in {error.retry_after} seconds."
    code = {500: "server_error", 503: "temporarily_unavailable"}.get(status, "invalid_request")
    headers = [(name, value) for name, value in error.get_headers() if name not in {"Content-Type", "Content-Length"}]
    return Failure(status, code, text or error.description or "", headers, retry_after=retry_after)


def _http_error(error: HTTPException) -> Response:
    return make_response(error.response) if error.response is not None else _answer(failure_of(error))


def overloaded() -> Response:
    """Answer that more is asked than can be answered, in the form that the asker reads."""
    return _answer(_OVERLOADED)


def failed(error: Exception) -> Response:
    """Answer it in the form that the asker reads."""
    return _answer(failure_of(error))


def _authorization_refused(error: OAuth2Error) -> Response:
    """Show a page for a request that may not be answered by sending the browser anywhere (RFC 6749 §4.1.2.1)."""
    if error.status_code in {429, 503}:  # which is nobody's mistake
        wait = [(name, value) for name, value in error.get_headers() if name == "Retry-After"]
        return _answer(Failure(error.status_code, str(error.error), _TEXTS[error.status_code], wait))
    text = error.get_error_description() or "The request is not valid."
    return _answer(Failure(400, str(error.error), _MISTAKEN, mistake=text))


def _answer(failure: Failure) -> Response:
    wants_page = request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"
    if wants_page and not isinstance(request.routing_exception, SecurityError):  # no page of a host that isn't ours
        title, text = gettext(_TITLES.get(failure.status, _ANY_TITLE)), failure.sentence()
        answer = make_response(
            render_template("error.html", title=title, text=text, request_id=current_request_id()), failure.status
        )
    else:
        answer = make_response(jsonify(failure.body()), failure.status)
    answer.headers.extend(failure.headers)
    return answer
