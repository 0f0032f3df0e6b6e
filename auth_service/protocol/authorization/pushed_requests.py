"""Pushed authorization requests (RFC 9126): the client sends its request itself; the browser only carries its name.

What is pushed is checked by the code that checks every authorization request: there is no second list of rules.
"""

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError

from auth_service.models.client import Client
from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.clients.authentication import CLIENT_AUTH_METHODS, PROOFS_OF_IDENTITY
from auth_service.protocol.errors import InvalidDpopProofError, InvalidRequestUriError, TooManyRequestsError
from auth_service.protocol.oauth_request import ProtocolRequest, ProtocolResponse

PUSHED_REQUEST_LIFETIME = 60
"""Seconds until its browser must have come to /authorize."""

_URN = "urn:ietf:params:oauth:request_uri:"


def pushed_authorization_request(server: AuthorizationServer, request: ProtocolRequest) -> ProtocolResponse:
    """Keep a request for one browser to name it once (§2). Raises an OAuth2Error.

    Client first, then everything that can be wrong with the request, then keep it (§2.1).
    """
    client = server.authenticate_client(request, CLIENT_AUTH_METHODS, "pushed_authorization_request")
    request.refuse_repeated()
    if "request_uri" in request.form:
        raise InvalidRequestError("request_uri must not be pushed.")
    pushed = _pushed_by(client, request)
    _validate(server, pushed)
    if client.public and (wait := server.parts.throttle.unproven_request(request.remote_address)):
        raise TooManyRequestsError(wait)
    _bind_to_proven_key(server, request, pushed)
    reference = server.parts.pushed_requests.add(pushed.parameters, client.client_id)
    return ProtocolResponse(201, {"request_uri": _URN + reference, "expires_in": PUSHED_REQUEST_LIFETIME})


def _bind_to_proven_key(server: AuthorizationServer, request: ProtocolRequest, pushed: ProtocolRequest) -> None:
    """A DPoP proof here is worth the `dpop_jkt` that it proves; if both are sent, they agree (RFC 9449 §10.1)."""
    proven_key = server.parts.dpop.proven_key(request)
    if proven_key and pushed.form.get("dpop_jkt", proven_key) != proven_key:
        raise InvalidDpopProofError("The proof is made with another key than dpop_jkt names.")
    if proven_key:
        pushed.parameters["dpop_jkt"] = [proven_key]


def _validate(server: AuthorizationServer, pushed: ProtocolRequest) -> None:
    try:
        server.validate_authorization_request(pushed)
    except OAuth2Error as error:
        error.redirect_uri = None  # no browser is here: the client itself hears of it (§2.3)
        raise


def named_request(server: AuthorizationServer, request: ProtocolRequest) -> ProtocolRequest:
    """The pushed request that a browser names at /authorize; a request that names none is itself the one.

    A name works once and for its client. Whatever else stands in the address is ignored (§4, RFC 9101 §5).
    Raises OAuth2Errors that don't redirect: until the request is found, no address to send the browser to is known.
    """
    request_uri = request.form.get("request_uri", "")
    if not request_uri.startswith(_URN):
        return request
    request.refuse_repeated("client_id", "request_uri")
    client_id = request.form.get("client_id", "")
    pushed = server.parts.pushed_requests.take(request_uri.removeprefix(_URN), client_id)
    if pushed is None:
        raise InvalidRequestUriError
    return ProtocolRequest(request.method, request.uri, request.headers, pushed.parameters, direct=False)


def _pushed_by(client: Client, request: ProtocolRequest) -> ProtocolRequest:
    """What the browser would have sent. The client's proof of its identity is no part of it."""
    parameters = {name: values for name, values in request.parameters.items() if name not in PROOFS_OF_IDENTITY}
    parameters["client_id"] = [client.client_id]
    return ProtocolRequest("GET", request.uri, request.headers, parameters, direct=False)
