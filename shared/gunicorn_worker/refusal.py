"""What the worker answers by itself, where no application is asked: a line of text with the service's usual headers."""

import time
from collections.abc import Mapping
from http import HTTPStatus

from gunicorn.http.errors import (
    ConfigurationProblem,
    ExpectationFailed,
    LimitRequestHeaders,
    LimitRequestLine,
    UnsupportedTransferCoding,
)
from gunicorn.util import http_date

_STATUS_OF: dict[type[Exception], HTTPStatus] = {
    LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
    ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    ConfigurationProblem: HTTPStatus.INTERNAL_SERVER_ERROR,
}


def status_of(error: Exception) -> HTTPStatus:
    """The status for a request that couldn't be read."""
    return _STATUS_OF.get(type(error), HTTPStatus.BAD_REQUEST)


def refusal(status: HTTPStatus, text: str, headers: Mapping[str, str]) -> bytes:
    """The whole answer. The connection ends with it."""
    body = f"{text}\n".encode("latin-1", "replace")
    fields = {
        "Date": http_date(time.time()),
        "Connection": "close",
        "Content-Type": "text/plain; charset=iso-8859-1",
        "Content-Length": str(len(body)),
        **headers,
    }
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        *(f"{name}: {value}" for name, value in fields.items()),
        "\r\n",
    ]
    return "\r\n".join(lines).encode("latin-1") + body
