"""A client pushes its authorization request itself (RFC 9126); the browser only carries the name of it.

What is pushed is checked by the code that checks every authorization request: there is no second list of rules.
"""

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError

from auth_service.models.client import Client
from auth_service.protocol.authorization.endpoint import AuthorizationEndpoint
from auth_service.protocol.clients.authentication import CLIENT_AUTH_METHODS, PROOFS_OF_IDENTITY, ClientAuthentication
from auth_service.protocol.errors import InvalidDpopProofError, InvalidRequestUriError, TooManyRequestsError
from auth_service.protocol.oauth_request import ProtocolRequest, ProtocolResponse
from auth_service.protocol.tokens.dpop import DpopProofs
from auth_service.storage.authorization_requests import AuthorizationRequestStore
from auth_service.storage.throttle import Throttle

PUSHED_REQUEST_LIFETIME = 60
"""So many seconds a browser has to come to /authorize with its name."""

_URN = "urn:ietf:params:oauth:request_uri:"


class PushedAuthorizationRequests:
    """It takes requests in from clients, and gives each to the browser that names it."""

    def __init__(
        self,
        authentication: ClientAuthentication[Client],
        authorization: AuthorizationEndpoint,
        throttle: Throttle,
        dpop: DpopProofs,
        kept: AuthorizationRequestStore,
    ) -> None:
        self._authentication = authentication
        self._authorization = authorization
        self._throttle = throttle
        self._dpop = dpop
        self._kept = kept

    def push(self, request: ProtocolRequest) -> ProtocolResponse:
        """Keep a request for one browser to name it once (§2). Raises an OAuth2Error.

        Client first, then everything that can be wrong with the request, then keep it (§2.1).
        """
        client = self._authentication.authenticate(request, CLIENT_AUTH_METHODS, "pushed_authorization_request")
        request.refuse_repeated()
        if "request_uri" in request.form:
            raise InvalidRequestError("request_uri must not be pushed.")
        pushed = _pushed_by(client, request)
        try:
            self._authorization.check(pushed)
        except OAuth2Error as error:
            error.redirect_uri = None  # no browser is here: the client itself hears of it (§2.3)
            raise
        if client.public and (wait := self._throttle.unproven_request(request.remote_address)):
            raise TooManyRequestsError(wait)
        self._bind_to_proven_key(request, pushed)
        reference = self._kept.add(pushed.parameters, client.client_id)
        return ProtocolResponse(201, {"request_uri": _URN + reference, "expires_in": PUSHED_REQUEST_LIFETIME})

    def named_by(self, request: ProtocolRequest) -> ProtocolRequest:
        """Return the pushed request that a browser names at /authorize; a request that names none is itself the one.

        A name works once and for its client. Whatever else stands in the address is ignored (§4, RFC 9101 §5).
        Raises OAuth2Errors that don't redirect: until the request is found, no address to send the browser to is known.
        """
        name = self.name_in(request)
        if name is None:
            return request
        request.refuse_repeated("client_id", "request_uri")
        pushed = self._kept.take(name, request.form.get("client_id", ""))
        if pushed is None:
            raise InvalidRequestUriError
        return ProtocolRequest(request.method, request.uri, request.headers, pushed.parameters, direct=False)

    @staticmethod
    def name_in(request: ProtocolRequest) -> str | None:
        """Return the name of a pushed request that a browser brings: 256 random bits if it is one of ours."""
        request_uri = request.form.get("request_uri", "")
        return request_uri.removeprefix(_URN) if request_uri.startswith(_URN) else None

    def _bind_to_proven_key(self, request: ProtocolRequest, pushed: ProtocolRequest) -> None:
        """A DPoP proof here is worth the `dpop_jkt` that it proves; if both are sent, they agree (RFC 9449 §10.1)."""
        proof = request.headers.get("DPoP")
        if proof is None:
            return
        proven_key = self._dpop.proven_key(proof, request)
        if pushed.form.get("dpop_jkt", proven_key) != proven_key:
            raise InvalidDpopProofError("The proof is made with another key than dpop_jkt names.")
        pushed.parameters["dpop_jkt"] = [proven_key]


def _pushed_by(client: Client, request: ProtocolRequest) -> ProtocolRequest:
    """Return what the browser would have sent. The client's proof of its identity is no part of it."""
    parameters = {name: values for name, values in request.parameters.items() if name not in PROOFS_OF_IDENTITY}
    parameters["client_id"] = [client.client_id]
    return ProtocolRequest("GET", request.uri, request.headers, parameters, direct=False)
