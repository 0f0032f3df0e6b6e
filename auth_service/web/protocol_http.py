"""Between Flask and the protocol's plain values. No other endpoint file reads parameters or headers."""

import re
from collections.abc import Callable
from urllib.parse import urlencode

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from flask import Response, jsonify, make_response, redirect, request
from werkzeug import Response as BaseResponse

from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.oauth_request import JsonRequest, ProtocolRequest, ProtocolResponse

FORM = "application/x-www-form-urlencoded"
MAX_ADDRESS = 4_000
"""Bytes of an address that a browser is sent to here: gunicorn reads a request line of 4094."""
FAILURE = "auth_service.failure"
"""Where `lean_forms.py` leaves in the environment what an endpoint raised, for the framework to answer."""
_BEARER = re.compile(r"bearer +([A-Za-z0-9\-._~+/]+=*)", re.IGNORECASE)


def answer_form(server: AuthorizationServer, answer: Callable[[ProtocolRequest], ProtocolResponse]) -> Response:
    """Read a form (RFC 6749 §3.2), have it answered, write the answer."""
    if failure := request.environ.get(FAILURE):
        raise failure
    try:
        protocol_request = _form_request(server.parts.issuer)
    except InvalidRequestError as error:
        return to_flask(server.handle_error_response(_empty_request(server.parts.issuer), error))
    return to_flask(answer(protocol_request))


def answer_query(server: AuthorizationServer, answer: Callable[[ProtocolRequest], ProtocolResponse]) -> Response:
    """Read a query, have it answered, write the answer or the OAuth error, which never redirects."""
    try:
        return to_flask(answer(query_request(server.parts.issuer)))
    except OAuth2Error as error:
        return to_flask(server.handle_error_response(_empty_request(server.parts.issuer), error))


def answer_json(server: AuthorizationServer, answer: Callable[[JsonRequest], ProtocolResponse]) -> Response:
    """Read a body of JSON and a Bearer token (RFC 6750 §2.1), have it answered, write the answer or the OAuth error."""
    bearer = _BEARER.fullmatch(request.headers.get("Authorization", ""))
    json_request = JsonRequest(
        request.mimetype, request.get_data(), bearer[1] if bearer else None, request.remote_addr or ""
    )
    try:
        return to_flask(answer(json_request))
    except OAuth2Error as error:
        return to_flask(server.handle_error_response(_empty_request(server.parts.issuer), error))


def query_request(issuer: str) -> ProtocolRequest:
    """A request with its parameters in the query, as at /authorize (RFC 6749 §3.1)."""
    return _request(issuer, request.args.to_dict(flat=False))


def again_as_query() -> BaseResponse:
    """Have the browser send a form again as a query. Raises InvalidRequestError.

    A form that another site sends comes without our cookie (SameSite=Lax); a query comes with it.
    """
    _check_form()
    address = f"{request.path}?{urlencode(list(request.form.items(multi=True)))}"
    if len(address) > MAX_ADDRESS:
        raise InvalidRequestError(f"the form makes an address of more than {MAX_ADDRESS} bytes: push the request")
    return redirect(address, 303)


def to_flask(answer: ProtocolResponse) -> Response:
    """JSON, or no body at all."""
    response = make_response(answer.body if isinstance(answer.body, str) else jsonify(answer.body), answer.status)
    for name, value in answer.headers:
        response.headers[name] = value
    return response


def _form_request(issuer: str) -> ProtocolRequest:
    _check_form()
    return _request(issuer, request.form.to_dict(flat=False))


def _check_form() -> None:
    if request.mimetype != FORM:
        raise InvalidRequestError(f"The body must be {FORM}.")
    if request.args:
        raise InvalidRequestError("Parameters belong in the body, not in the address.")


def _request(issuer: str, parameters: dict[str, list[str]]) -> ProtocolRequest:
    return ProtocolRequest(
        request.method, issuer + request.path, request.headers, parameters, request.remote_addr or ""
    )


def _empty_request(issuer: str) -> ProtocolRequest:
    return ProtocolRequest(request.method, issuer + request.path, request.headers, {})
