"""What is said while more is asked than can be answered: the same as in an outage, made once and sent as it is."""

from collections.abc import Iterable, Mapping
from contextvars import Context
from typing import TYPE_CHECKING

from flask import Flask, Response

from auth_service.models.language import LANGUAGES
from auth_service.web.errors import overloaded
from auth_service.web.languages import preferred
from auth_service.web.protocol_app import ProtocolApp
from shared.service.security_headers import page_headers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class OverloadAnswer:
    """A WSGI application: a page for people, in their language, and JSON for programs.

    It asks for clients' origins, once a second at most.
    """

    def __init__(self, app: Flask, programs: ProtocolApp, headers: Mapping[str, str], issuer: str) -> None:
        """`headers` are those of all answers."""
        self._programs = programs
        of_pages = {**headers, **page_headers(issuer)}
        self._pages = {language: _made(app, "text/html", of_pages, language) for language in LANGUAGES}
        self._data = _made(app, "application/json", headers)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """See PEP 3333."""
        route, _ = self._programs.route_at(environ["PATH_INFO"])
        is_page = route is None and "text/html" in environ.get("HTTP_ACCEPT", "")
        fields, body = self._pages[preferred(environ.get("HTTP_ACCEPT_LANGUAGE", ""))] if is_page else self._data
        if route and route.scripts:
            origin = environ.get("HTTP_ORIGIN")
            access = route.scripts.headers(origin, environ["REQUEST_METHOD"]) if origin else {}
            fields = [*fields, ("Vary", "Origin"), *access.items()]
        start_response("503 SERVICE UNAVAILABLE", fields)
        return [body]


def _made(
    app: Flask, accept: str, headers: Mapping[str, str], language: str = LANGUAGES[0]
) -> tuple[list[tuple[str, str]], bytes]:
    def answered() -> Response:
        with app.test_request_context(headers={"Accept": accept, "Accept-Language": language}):
            return overloaded()

    answer = Context().run(answered)  # it names no request: whoever reads it sent another one than this thread answered
    return [*answer.headers.items(), *headers.items()], answer.get_data()
