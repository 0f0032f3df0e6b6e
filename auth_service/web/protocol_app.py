"""Programs have one road, from WSGI to the protocol's plain values and back. It decides nothing that a route says.

A WSGI application of ours and no framework's, because routing, hooks and response objects cost Flask more than the
protocol needs for its answer. What isn't hard is Werkzeug's and the standard library's.
"""

import json
import logging
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from werkzeug.exceptions import BadRequest, MethodNotAllowed, RequestEntityTooLarge
from werkzeug.http import HTTP_STATUS_CODES, parse_options_header
from werkzeug.sansio.utils import host_is_trusted

from auth_service.models.acting import Who, begin_acting
from auth_service.protocol.authorization_server import refusal
from auth_service.protocol.oauth_request import JsonRequest, ProtocolRequest, ProtocolResponse
from auth_service.web.errors import failure_of
from auth_service.web.route import Route, Verb
from shared.operations.metrics import RequestMetrics
from shared.operations.request_id import HEADER, begin_request
from shared.operations.request_log import log_answer
from shared.operations.tracing import ROUTE
from shared.resource_server import ActiveToken, MalformedRequestError, NotLetThroughError, TokenValidator
from shared.resource_server.wsgi_middleware import authorization_of, proof_of
from shared.service.request_guards import ChunkedBody
from shared.service.security_headers import data_headers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FORM = "application/x-www-form-urlencoded"
MAX_PARAMETERS = 1_000
"""One query or form has at most so many parameters."""
_DIGITS = 20
"""So many of a Content-Length are read: more than any body has, and few enough for `int`."""
_BEARER = re.compile(r"bearer +([A-Za-z0-9\-._~+/]+=*)", re.IGNORECASE)

_log = logging.getLogger(__name__)
_dump = json.JSONEncoder(separators=(",", ":")).encode


class ProgramRequest:
    """A program sent it; its endpoint reads it as it wants. Each way to do so raises BadRequest for what is no text."""

    __slots__ = ("_environ", "_issuer", "_largest_body")

    def __init__(self, environ: "WSGIEnvironment", issuer: str, largest_body: int) -> None:
        self._environ = environ
        self._issuer = issuer
        self._largest_body = largest_body

    def get(self, name: str) -> str | None:
        """Return the value of a header, or None."""
        value: str | None = self._environ.get(_environ_name(name))
        return value

    def by_form(self) -> ProtocolRequest:
        """Read it with the parameters of a form (RFC 6749 §3.2). Raises InvalidRequestError."""
        environ = self._environ
        if environ.get("CONTENT_TYPE") != FORM and self._media_type() != FORM:
            raise InvalidRequestError(f"The body must be {FORM}.")
        if environ.get("QUERY_STRING") and _parameters(environ["QUERY_STRING"]):
            raise InvalidRequestError("Parameters belong in the body, not in the address.")
        return self._with(_parameters(self._body().decode("latin-1")))

    def by_query(self) -> ProtocolRequest:
        """Read it with the parameters of the address."""
        return self._with(_parameters(self._environ.get("QUERY_STRING", "")))

    def by_json(self) -> JsonRequest:
        """Read it with a body of JSON and a Bearer token (RFC 6750 §2.1)."""
        bearer = _BEARER.fullmatch(self._environ.get("HTTP_AUTHORIZATION", ""))
        address = self._environ.get("REMOTE_ADDR", "")
        return JsonRequest(self._media_type(), self._body(), bearer[1] if bearer else None, address)

    def by_token(self, validator: TokenValidator, scope: str) -> ActiveToken:
        """Read its access token, as at any resource server. Raises a NotLetThroughError."""
        authorization, proof = authorization_of(self._environ), proof_of(self._environ)
        if (
            authorization
            and self._media_type() == FORM
            and "access_token" in _parameters(self._body().decode("latin-1"))
        ):
            raise MalformedRequestError
        return validator.validate(authorization, scope, proof=proof)

    def _with(self, parameters: Mapping[str, list[str]]) -> ProtocolRequest:
        environ = self._environ
        uri = self._issuer + environ["PATH_INFO"]
        return ProtocolRequest(environ["REQUEST_METHOD"], uri, self, parameters, environ.get("REMOTE_ADDR", ""))

    def _media_type(self) -> str:
        return parse_options_header(self._environ.get("CONTENT_TYPE"))[0].lower()

    def _body(self) -> bytes:
        """Read the body. Raises BadRequest if it isn't whole (RFC 9112 §8), and RequestEntityTooLarge."""
        environ, largest = self._environ, self._largest_body
        if "HTTP_TRANSFER_ENCODING" in environ:
            body: bytes = (
                ChunkedBody(environ["wsgi.input"]).read(largest + 1) if "wsgi.input_terminated" in environ else b""
            )
            length = len(body)
        else:
            sent = environ.get("CONTENT_LENGTH", "")
            length = int(sent[:_DIGITS]) if sent.isdecimal() else 0
            body = environ["wsgi.input"].read(length) if length <= largest else b""
        if length > largest:
            raise RequestEntityTooLarge
        if len(body) != length:
            raise BadRequest("The body ended early.")
        return body


@lru_cache(64)
def _environ_name(header: str) -> str:
    return "HTTP_" + header.upper().replace("-", "_")


def _parameters(sent: str) -> dict[str, list[str]]:
    """Read the parameters of a query or a form, each byte of which is a character, as WSGI has it (PEP 3333)."""
    if not sent.isascii() or "\0" in sent or "%00" in sent:
        sent = _readable(sent)
    pairs: Iterable[Sequence[str]]
    if "%" not in sent and "+" not in sent and sent.count("&") < MAX_PARAMETERS:  # nothing has to be decoded
        pairs = [part.partition("=")[::2] for part in sent.split("&") if part]
    else:
        try:
            pairs = parse_qsl(sent, keep_blank_values=True, errors="werkzeug.url_quote", max_num_fields=MAX_PARAMETERS)
        except ValueError:
            raise InvalidRequestError(f"There are more than {MAX_PARAMETERS} parameters.") from None
    parameters: dict[str, list[str]] = {}
    for name, value in pairs:
        parameters.setdefault(name, []).append(value)
    return parameters


def _readable(sent: str) -> str:
    """Return the text, still encoded, of bytes that WSGI hands over as characters (PEP 3333). Raises BadRequest."""
    if "\0" in sent or "%00" in sent:
        raise BadRequest("The request holds a NUL character.")
    try:
        return sent if sent.isascii() else sent.encode("latin-1").decode()
    except UnicodeDecodeError:
        raise BadRequest("The request holds bytes that are no UTF-8.") from None


def by_form(answer: Callable[[ProtocolRequest], ProtocolResponse]) -> Verb:
    """Make the verb of an endpoint that reads a form."""
    return lambda request: answer(request.by_form())


def by_query(answer: Callable[[ProtocolRequest], ProtocolResponse]) -> Verb:
    """Make the verb of an endpoint that reads the query."""
    return lambda request: answer(request.by_query())


def by_json(answer: Callable[..., ProtocolResponse]) -> Verb:
    """Make the verb of an endpoint that reads JSON and a Bearer token."""
    return lambda request, *variables: answer(request.by_json(), *variables)


def by_token(validator: TokenValidator, scope: str, tell: Callable[[ActiveToken], Mapping[str, object]]) -> Verb:
    """Make the verb of a protected resource: what it tells whoever has a good token with this scope."""

    def answer(request: ProgramRequest) -> ProtocolResponse:
        try:
            token = request.by_token(validator, scope)
        except NotLetThroughError as refused:
            _log.info("request not let through: %s", refused)
            headers = refused.headers(validator.challenge)
            told = [(name, value) for name, value in headers if not name.startswith("Access-Control-")]  # see Route
            return ProtocolResponse(refused.status, refused.body().decode(), told)
        return ProtocolResponse(200, tell(token))

    return answer


def for_all(tell: Callable[[], Mapping[str, object]]) -> Verb:
    """Make the verb of what anybody may read, whatever the request says."""
    return lambda request: ProtocolResponse(200, tell())


class ProtocolApp:
    """It is a WSGI application for the routes, in front of the one for everything else.

    Cookies mean nothing here: programs prove with each request who they are, so no other site can forge one.
    """

    def __init__(
        self,
        routes: Sequence[Route],
        pages: "WSGIApplication",
        *,
        issuer: str,
        host_names: list[str],
        metrics: RequestMetrics | None,
    ) -> None:
        self._routes = {route.path: route for route in routes if "<" not in route.path}
        self._with_variable = {route.path.partition("<")[0]: route for route in routes if "<" in route.path}
        self._pages = pages
        self._issuer = issuer
        self._is_trusted = lru_cache(64)(lambda host: host_is_trusted(host.lower() if host else host, host_names))
        self._metrics = metrics
        self._headers = {"Content-Type": "application/json", **data_headers(issuer)}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer what there is a route for, if it comes under a name of ours."""
        began, path, method = time.perf_counter(), environ["PATH_INFO"], environ["REQUEST_METHOD"]
        route, variables = self.route_at(path)
        if route is None or not self._is_trusted(environ.get("HTTP_HOST")):
            return self._pages(environ, start_response)
        environ[ROUTE] = route.path
        request_id = begin_request(environ.get("HTTP_X_REQUEST_ID", ""))
        begin_acting(Who.CLIENT, environ.get("REMOTE_ADDR", ""), environ.get("HTTP_USER_AGENT"), request_id)
        answer = self._answer(route, method, variables, environ)
        status = answer.status
        if self._metrics:
            self._metrics.count(route.name, method, status, began)
        level = logging.DEBUG if route.routine and status == 200 else logging.INFO
        log_answer(method, path, status, began, environ.get("REMOTE_ADDR"), level)
        sent = (answer.body if isinstance(answer.body, str) else f"{_dump(answer.body)}\n").encode()
        fields = {**self._headers, "Cache-Control": "no-store", HEADER: request_id, "Content-Length": str(len(sent))}
        if route.kept_for and status == 200:
            fields["Cache-Control"] = f"public, max-age={route.kept_for}"
        if route.scripts:
            fields["Vary"] = "Origin"
            if "HTTP_ORIGIN" in environ:
                fields |= route.scripts.headers(environ["HTTP_ORIGIN"], method)
        if not sent:
            del fields["Content-Type"]
        if status == 204:
            del fields["Content-Length"]  # RFC 9110 §8.6
        for name, _ in answer.headers:
            fields.pop(name, None)
        start_response(f"{status} {HTTP_STATUS_CODES[status].upper()}", [*fields.items(), *answer.headers])
        return [] if method == "HEAD" else [sent]

    def route_at(self, path: str) -> tuple[Route | None, tuple[str, ...]]:
        """Return the route that answers there, if there is one, and the values of its variables."""
        if route := self._routes.get(path):
            return route, ()
        start, slash, variable = path.rpartition("/")
        return (self._with_variable.get(start + slash) if variable else None), (variable,)

    def _answer(
        self, route: Route, method: str, variables: tuple[str, ...], environ: "WSGIEnvironment"
    ) -> ProtocolResponse:
        try:
            if variables or environ.get("QUERY_STRING"):
                _readable("".join((*variables, environ.get("QUERY_STRING", ""))))  # also where nothing reads it
            verb = route.verbs.get("GET" if method == "HEAD" else method)
            if verb is not None:
                return verb(ProgramRequest(environ, self._issuer, route.largest_body), *variables)
            if method == "OPTIONS":
                return ProtocolResponse(200, "", [("Allow", ", ".join(route.methods))])
            raise MethodNotAllowed(route.methods)
        except OAuth2Error as error:
            return refusal(error)
        except Exception as error:
            failure = failure_of(error)
            return ProtocolResponse(failure.status, failure.body(), failure.headers)
