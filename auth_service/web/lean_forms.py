"""Answers the usual form of a program without the framework, whose routing and hooks cost more than the answer itself.

Whatever is unusual goes on to the framework, which would have answered the same: a test compares them. No rules here.
"""

import io
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.sansio.utils import host_is_trusted

from auth_service.protocol.oauth_request import Headers, ProtocolRequest, ProtocolResponse
from auth_service.web.http_headers import data_headers
from auth_service.web.protocol_http import FAILURE, FORM
from shared.metrics import RequestMetrics
from shared.request_id import HEADER, begin_request
from shared.request_log import log_answer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_dump = json.JSONEncoder(separators=(",", ":")).encode
"""As Flask's `jsonify`, but for the line break."""


@dataclass(frozen=True, slots=True)
class LeanEndpoint:
    """An endpoint that reads a form."""

    name: str
    """In the framework's routes, hence in the metrics."""
    answer: Callable[[ProtocolRequest], ProtocolResponse]
    shortcut: Callable[[Headers, bytes], ProtocolResponse | None] | None = None
    """Asked first. It may leave a request alone."""
    varies_by_origin: bool = False
    """Whether scripts of other origins may read its answers, and hence whether the framework says so."""


class LeanForms:
    """A WSGI application in front of the framework's; the endpoints are named by their paths."""

    def __init__(
        self,
        framework: "WSGIApplication",
        endpoints: Mapping[str, LeanEndpoint],
        *,
        issuer: str,
        host_names: list[str],
        largest_body: int,
        metrics: RequestMetrics | None,
    ) -> None:
        self.framework = framework
        self._endpoints = endpoints
        self._issuer = issuer
        self._is_trusted = lru_cache(64)(lambda host: host_is_trusted(host, host_names))
        self._largest_body = largest_body
        self._metrics = metrics
        self._headers = {"Cache-Control": "no-store", **data_headers(secure=issuer.startswith("https:"))}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer, or let the framework answer."""
        began, path = time.perf_counter(), environ["PATH_INFO"]
        endpoint = self._endpoints.get(path)
        body = self._usual_body(environ) if endpoint else None
        if endpoint is None or body is None:
            return self.framework(environ, start_response)
        request_id = begin_request(environ.get("HTTP_X_REQUEST_ID", ""))
        headers = _Headers(environ)
        try:
            answer = endpoint.shortcut(headers, body) if endpoint.shortcut else None
            if answer is None:
                address = environ.get("REMOTE_ADDR", "")
                answer = endpoint.answer(ProtocolRequest("POST", self._issuer + path, headers, _form(body), address))
        except Exception as failure:
            environ[FAILURE], environ["HTTP_X_REQUEST_ID"] = failure, request_id
            return self.framework(environ, start_response)
        if self._metrics:
            self._metrics.count(endpoint.name, "POST", answer.status, began)
        log_answer("POST", path, answer.status, began, environ.get("REMOTE_ADDR"))
        sent = (answer.body if isinstance(answer.body, str) else f"{_dump(answer.body)}\n").encode()
        fields = {**self._headers, **dict(answer.headers), HEADER: request_id, "Content-Length": str(len(sent))}
        if endpoint.varies_by_origin:
            fields["Vary"] = "Origin"
        start_response(f"{answer.status} {HTTP_STATUS_CODES[answer.status].upper()}", list(fields.items()))
        return [sent]

    def _usual_body(self, environ: "WSGIEnvironment") -> bytes | None:
        """The form, or None where the framework is to judge: what it wouldn't accept, or would look at longer."""
        length = environ.get("CONTENT_LENGTH", "")
        if (
            environ["REQUEST_METHOD"] != "POST"
            or environ.get("CONTENT_TYPE") != FORM
            or not (length.isdecimal() and len(length) < 10 and int(length) <= self._largest_body)
            or environ.get("QUERY_STRING")
            or "HTTP_ORIGIN" in environ
            or "HTTP_TRANSFER_ENCODING" in environ
            or not self._is_trusted(environ.get("HTTP_HOST"))
        ):
            return None
        body: bytes = environ["wsgi.input"].read(int(length))
        environ["wsgi.input"] = io.BytesIO(body)  # the framework may still want it
        if len(body) != int(length) or not body.isascii() or b"\0" in body or b"%00" in body:
            return None
        return body


def _form(body: bytes) -> dict[str, list[str]]:
    form: dict[str, list[str]] = {}
    for name, value in parse_qsl(body.decode(), errors="werkzeug.url_quote"):
        form.setdefault(name, []).append(value)
    return form


class _Headers:
    """A request's headers, taken from where the server left them."""

    __slots__ = ("_environ",)

    def __init__(self, environ: "WSGIEnvironment") -> None:
        self._environ = environ

    def get(self, name: str) -> str | None:
        """The value, or None."""
        value: str | None = self._environ.get("HTTP_" + name.upper().replace("-", "_"))
        return value
