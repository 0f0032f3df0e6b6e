"""By token exchange (RFC 8693) a service that was called with a person's token gets one with which it calls another.

It gets no more than the token is good for, and whom it acts for stays visible. That it is the client who acts follows
from its authentication, so there are no actor tokens.
"""

from authlib.oauth2.rfc6749 import BaseGrant, InvalidRequestError, TokenEndpointMixin, UnauthorizedClientError

from auth_service.crypto.token_handle import TokenKeyRing, TokenKind
from auth_service.models.client import TOKEN_EXCHANGE
from auth_service.models.tokens import AccessTokenClaims
from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.clients.authentication import CLIENT_AUTH_METHODS
from auth_service.protocol.errors import InvalidDpopProofError
from auth_service.protocol.oauth_request import ProtocolRequest
from auth_service.protocol.resource_indicators import Target, exchanged_target
from auth_service.protocol.tokens.issuance import TokenAnswer, TokenIssuance
from auth_service.storage.grant_records import GrantRecordStore
from auth_service.storage.grants import GrantStore
from auth_service.storage.resource_servers import ResourceServerStore

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
MAX_ACTORS = 4
"""So many clients may stand between an app and the last service."""


class TokenExchangeGrant(BaseGrant, TokenEndpointMixin):
    """It is for clients that an operator registered for a service, to exchange the tokens that were meant for it."""

    GRANT_TYPE = TOKEN_EXCHANGE
    TOKEN_ENDPOINT_AUTH_METHODS = tuple(method for method in CLIENT_AUTH_METHODS if method != "none")
    request: ProtocolRequest
    server: AuthorizationServer

    def __init__(
        self,
        request: ProtocolRequest,
        server: AuthorizationServer,
        keys: TokenKeyRing,
        grants: GrantStore,
        records: GrantRecordStore,
        resource_servers: ResourceServerStore,
        issuance: TokenIssuance,
    ) -> None:
        super().__init__(request, server)
        self._keys = keys
        self._grants = grants
        self._records = records
        self._resource_servers = resource_servers
        self._issuance = issuance

    def validate_token_request(self) -> None:
        """Check all that can be wrong, in this order, each with its error. Nothing is spent.

        There is one refusal for a token that is no good and one that this client may not exchange (§2.2.2): else
        anybody's tokens could be tried here, while introspection tells a service about its own only.
        """
        request, form = self.request, self.request.form
        request.client = client = self.authenticate_token_endpoint_client()  # invalid_client
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("The client may not use this grant.")
        if "actor_token" in form or "actor_token_type" in form:
            raise InvalidRequestError("Actor tokens are not supported: who acts is the authenticated client.")
        for required in ("subject_token", "subject_token_type"):
            if required not in form:
                raise InvalidRequestError(f"{required} is required.")
        for name in ("subject_token_type", "requested_token_type"):  # there is one type of token (§2.1)
            if form.get(name, ACCESS_TOKEN) != ACCESS_TOKEN:
                raise InvalidRequestError(f"{name} must be {ACCESS_TOKEN}.")
        refusal = InvalidRequestError("subject_token is not a good token that this client may exchange.")
        handle = self._keys.parse(form["subject_token"])
        if handle is None or handle.kind is not TokenKind.ACCESS_TOKEN:
            raise refusal
        record = self._grants.find_access_token(handle)
        if record is None or not set(record.claims.aud) & set(client.exchange_from):
            raise refusal
        grant = self._records.find_good(handle.grant_id)
        if grant is None:  # of a person: what a client got for itself it can get itself
            raise refusal
        if len(record.claims.actors) >= MAX_ACTORS:
            raise InvalidRequestError("subject_token was exchanged too often already.")
        scopes = tuple(scope for scope in record.claims.scope.split() if scope in grant.scopes)
        good_for = Target(scopes, record.claims.aud)
        self._target = exchanged_target(
            self._resource_servers.resources(), client, good_for, request
        )  # invalid_target, _scope
        self.server.check_proof(request)  # invalid_dpop_proof, use_dpop_nonce
        if record.claims.jkt and not request.proven_key:
            raise InvalidDpopProofError("A token that is bound to a key becomes another bound token: send a proof.")
        self._handle, self._subject = handle, record.claims

    def create_token_response(self) -> tuple[int, TokenAnswer, list[tuple[str, str]]]:
        """Issue an access token of the same person and grant, which says who acts; no refresh token."""
        client = self.request.authenticated_client
        claims = AccessTokenClaims(
            client_id=client.client_id,
            sub=self._subject.sub,
            username=self._subject.username,
            aud=self._target.audience,
            scope=" ".join(self._target.scopes),
            jkt=self.request.proven_key,
            actors=(client.client_id, *self._subject.actors),
        )
        answer = self._issuance.exchange(self._handle, client, claims)  # invalid_request: it has ended meanwhile
        return 200, {**answer, "issued_token_type": ACCESS_TOKEN}, self.TOKEN_RESPONSE_HEADER
