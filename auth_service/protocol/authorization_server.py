"""Token requests, errors and the answers to browsers pass through the authorization server.

What its grants work with `auth_service/components.py` gives them; its endpoints are in `auth_service/routes.py`.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from authlib.oauth2 import AuthorizationServer as AuthlibAuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError, UnsupportedGrantTypeError

from auth_service.models.client import Client, RetryPolicy
from auth_service.models.tokens import Repeatable
from auth_service.protocol.clients.authentication import ClientAuthentication
from auth_service.protocol.errors import InvalidDpopProofError, printable
from auth_service.protocol.oauth_request import ProtocolRequest, ProtocolResponse
from auth_service.protocol.observer import Observer
from auth_service.protocol.redirection import with_parameters
from auth_service.protocol.tokens.dpop import DpopProofs
from auth_service.protocol.tokens.idempotency import repeatable

MakeGrant = Callable[[ProtocolRequest, "AuthorizationServer"], Any]
"""It makes one of our grants, which are Authlib's, for one token request."""


class AuthorizationServer(AuthlibAuthorizationServer):
    """It is Authlib's server, on plain values instead of a framework's request and response."""

    def __init__(
        self,
        issuer: str,
        authentication: ClientAuthentication[Client],
        dpop: DpopProofs,
        grants: Mapping[str, MakeGrant],
        observer: Observer,
    ) -> None:
        """`grants` are found by their `grant_type`."""
        super().__init__()
        self.issuer = issuer
        self._authentication = authentication
        self._dpop = dpop
        self._grants = grants
        self._observer = observer

    @property
    def grant_types(self) -> list[str]:
        """The token endpoint knows these values of `grant_type`."""
        return list(self._grants)

    def authenticate_client(
        self, request: ProtocolRequest, methods: Collection[str], endpoint: str = "token"
    ) -> Client:
        """Find out who is calling, as `clients/authentication.py` does; Authlib's own way is not used."""
        return self._authentication.authenticate(request, methods, endpoint)

    def create_oauth2_request(self, request: ProtocolRequest) -> ProtocolRequest:
        """Return the request, which already is what Authlib wants."""
        return request

    def get_token_grant(self, request: ProtocolRequest) -> Any:
        """Make the grant that `grant_type` names, and give it what it works with, as Authlib's registry can't."""
        grant_type = request.form.get("grant_type")
        if grant_type is None:
            raise InvalidRequestError("grant_type is required.")
        make = self._grants.get(grant_type)
        if make is None:
            raise UnsupportedGrantTypeError(grant_type)
        return make(request, self)

    def create_token_response(self, request: ProtocolRequest) -> ProtocolResponse:
        """Run the grant that `grant_type` names (RFC 6749 §5)."""
        try:
            request.refuse_repeated()
            grant = self.get_token_grant(request)
            grant.validate_token_request()
            status, body, headers = grant.create_token_response()
            nonce = self._dpop.next_nonce() if request.proven_key else []
            self._observer.token_request(request.form["grant_type"], "issued")
            return self.handle_response(status, body, [*headers, *nonce])
        except OAuth2Error as error:
            grant_type = request.form.get("grant_type")
            self._observer.token_request(grant_type if grant_type in self._grants else None, str(error.error))
            return self.handle_error_response(request, error)

    def check_proof(self, request: ProtocolRequest) -> None:
        """Check the DPoP proof, last in every grant, because it works once, and before the one step (RFC 9449 §5).

        Without it nothing is issued: `proven_key` isn't known. Raises InvalidDpopProofError and UseDpopNonceError.
        """
        proof = request.headers.get("DPoP")
        request.proven_key = proven_key = "" if proof is None else self._dpop.proven_key(proof, request)
        if request.authenticated_client.dpop_bound_access_tokens and not proven_key:
            raise InvalidDpopProofError("This client must send a DPoP proof.")

    def same_request(self, request: ProtocolRequest) -> Repeatable:
        """Return what a repetition of this request would have in common with it, if there may be one.

        Raises InvalidRequestError for a malformed Idempotency-Key.
        """
        key = request.headers.get("Idempotency-Key")
        if key is None and request.authenticated_client.retry == RetryPolicy.STRICT:
            return Repeatable()
        return repeatable(key, request)

    def handle_response(self, status: int, body: Any, headers: Any) -> ProtocolResponse:
        """Answer; what goes back to a client through the browser also names the issuer (RFC 9207 §2)."""
        return ProtocolResponse(
            status,
            body,
            [
                (name, with_parameters(value, {"iss": self.issuer}) if name == "Location" else value)
                for name, value in headers
            ],
        )

    def handle_error_response(self, request: ProtocolRequest, error: OAuth2Error) -> ProtocolResponse:
        """Send an error back the way it has to go."""
        if not error.redirect_uri:
            return refusal(error)
        body = _told_of(error)
        if state := request.form.get("state"):
            body["state"] = state
        return self.handle_response(303, "", [("Location", with_parameters(error.redirect_uri, body))])

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Do nothing: nobody listens to Authlib's signals."""


def refusal(error: OAuth2Error) -> ProtocolResponse:
    """Return the answer to a program whose request raised this (RFC 6749 §5.2)."""
    return ProtocolResponse(error.status_code, _told_of(error), error.get_headers())


def _told_of(error: OAuth2Error) -> dict[str, str]:
    """Return what a client reads of an error, in the characters that OAuth allows."""
    told = {"error": str(error.error)}
    if description := error.get_error_description():
        told["error_description"] = printable(description)
    return told
