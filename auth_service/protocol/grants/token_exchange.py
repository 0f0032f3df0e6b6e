"""Token exchange (RFC 8693): a service that was called with a person's token gets one with which it calls another.

It gets no more than the token is good for, and whom it acts for stays visible. That it is the client who acts follows
from its authentication, so there are no actor tokens.
"""

from authlib.oauth2.rfc6749 import BaseGrant, InvalidRequestError, TokenEndpointMixin, UnauthorizedClientError

from auth_service.crypto.token_handle import TokenKind
from auth_service.models.client import TOKEN_EXCHANGE, Client
from auth_service.models.tokens import AccessTokenClaims
from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.clients.authentication import CLIENT_AUTH_METHODS
from auth_service.protocol.errors import InvalidDpopProofError
from auth_service.protocol.oauth_request import ProtocolRequest
from auth_service.protocol.resource_indicators import Target, exchanged_target

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
MAX_ACTORS = 4
"""So many clients may stand between an app and the last service."""


class TokenExchangeGrant(BaseGrant, TokenEndpointMixin):
    """For clients that an operator registered for a service: it may exchange the tokens that were meant for it."""

    GRANT_TYPE = TOKEN_EXCHANGE
    TOKEN_ENDPOINT_AUTH_METHODS = tuple(method for method in CLIENT_AUTH_METHODS if method != "none")
    request: ProtocolRequest
    server: AuthorizationServer

    def validate_token_request(self) -> None:
        """Client, then grant type, then the form, then the token, then what is wanted for it."""
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("The client may not use this grant.")
        self.request.client = client
        self._check_parameters()
        self._check_subject_token(client)
        servers, granted = self.server.parts.resource_servers.all(), Target(self.scopes, self.subject.aud)
        self.target = exchanged_target(servers, client, granted, self.request)

    def create_token_response(self) -> tuple[int, dict[str, str | int], list[tuple[str, str]]]:
        """An access token of the same person and grant, which says who acts; no refresh token."""
        client = self.request.authenticated_client
        if self.subject.jkt and not self.request.proven_key:
            raise InvalidDpopProofError("A token that is bound to a key becomes another bound token: send a proof.")
        claims = AccessTokenClaims(
            client_id=client.client_id,
            sub=self.subject.sub,
            username=self.subject.username,
            aud=self.target.audience,
            scope=" ".join(self.target.scopes),
            jkt=self.request.proven_key,
            actors=(client.client_id, *self.subject.actors),
        )
        answer = self.server.parts.issuance.exchange(self.handle, client, claims)
        return 200, {**answer, "issued_token_type": ACCESS_TOKEN}, self.TOKEN_RESPONSE_HEADER

    def _check_parameters(self) -> None:
        """There is one type of token (RFC 8693 §2.1)."""
        form = self.request.form
        if "actor_token" in form or "actor_token_type" in form:
            raise InvalidRequestError("Actor tokens are not supported: who acts is the authenticated client.")
        for required in ("subject_token", "subject_token_type"):
            if required not in form:
                raise InvalidRequestError(f"{required} is required.")
        for name in ("subject_token_type", "requested_token_type"):
            if form.get(name, ACCESS_TOKEN) != ACCESS_TOKEN:
                raise InvalidRequestError(f"{name} must be {ACCESS_TOKEN}.")

    def _check_subject_token(self, client: Client) -> None:
        """One refusal for a token that is no good and one that this client may not exchange (§2.2.2).

        Else anybody's tokens could be tried here, while introspection tells a service about its own only.
        """
        parts = self.server.parts
        refusal = InvalidRequestError("subject_token is not a good token that this client may exchange.")
        handle = parts.keys.parse(self.request.form["subject_token"])
        if handle is None or handle.kind is not TokenKind.ACCESS_TOKEN:
            raise refusal
        record = parts.grants.find_access_token(handle.grant_id, handle.digest)
        if record is None or not set(record.claims.aud) & set(client.exchange_from):
            raise refusal
        grant = parts.records.find_good(handle.grant_id)
        if grant is None:  # of a person: what a client got for itself it can get itself
            raise refusal
        if len(record.claims.actors) >= MAX_ACTORS:
            raise InvalidRequestError("subject_token was exchanged too often already.")
        self.handle, self.subject = handle, record.claims
        self.scopes = tuple(scope for scope in record.claims.scope.split() if scope in grant.scopes)
