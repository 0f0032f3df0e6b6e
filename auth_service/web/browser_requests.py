"""Where a browser brings an app's request, Flask's values become the protocol's plain ones, and back."""

from urllib.parse import urlencode

from authlib.oauth2.rfc6749 import InvalidRequestError
from flask import Flask, Response, jsonify, make_response, redirect, request
from werkzeug import Response as BaseResponse

from auth_service.models.acting import Who, begin_acting
from auth_service.protocol.oauth_request import ProtocolRequest, ProtocolResponse
from auth_service.web.languages import page_language
from auth_service.web.protocol_app import FORM
from shared.operations.request_id import current_request_id

MAX_ADDRESS = 4_000
"""An address to which a browser is sent here has at most so many bytes: gunicorn reads a request line of 4094."""


def note_who_acts(app: Flask) -> None:
    """Say of each request that Flask answers that a person sent it, from where and in which language.

    Programs' pass it by.
    """

    @app.before_request
    def begin() -> None:
        program = request.headers.get("User-Agent")
        begin_acting(Who.PERSON, request.remote_addr or "", program, current_request_id(), page_language())


def query_request(issuer: str) -> ProtocolRequest:
    """Return a request with its parameters in the query, as at /authorize (RFC 6749 §3.1)."""
    parameters = request.args.to_dict(flat=False)
    return ProtocolRequest(
        request.method, issuer + request.path, request.headers, parameters, request.remote_addr or ""
    )


def again_as_query() -> BaseResponse:
    """Have the browser send a form again as a query. Raises InvalidRequestError.

    A form that another site sends comes without our cookie (SameSite=Lax); a query comes with it.
    """
    if request.mimetype != FORM:
        raise InvalidRequestError(f"The body must be {FORM}.")
    if request.args:
        raise InvalidRequestError("Parameters belong in the body, not in the address.")
    address = f"{request.path}?{urlencode(list(request.form.items(multi=True)))}"
    if len(address) > MAX_ADDRESS:
        raise InvalidRequestError(f"the form makes an address of more than {MAX_ADDRESS} bytes: push the request")
    return redirect(address, 303)


def to_flask(answer: ProtocolResponse) -> Response:
    """Return an answer with JSON, or with no body at all."""
    response = make_response(answer.body if isinstance(answer.body, str) else jsonify(answer.body), answer.status)
    for name, value in answer.headers:
        response.headers[name] = value
    return response
