"""Introspection (RFC 7662) begins at `active: false` and answers more only when nothing speaks against it."""

from authlib.oauth2.rfc6749 import InvalidRequestError
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from auth_service.crypto.token_handle import TokenHandle, TokenKeyRing, TokenKind
from auth_service.models.client import Client
from auth_service.models.resource_server import ResourceServer
from auth_service.models.tokens import AccessTokenRecord
from auth_service.protocol.clients.authentication import CLIENT_AUTH_METHODS, ClientAuthentication
from auth_service.protocol.errors import ClientAuthenticationFailedError, NoResourceServerError
from auth_service.protocol.oauth_request import Headers, ProtocolRequest, ProtocolResponse
from auth_service.protocol.tokens.signed_introspection import ALGORITHM, MEDIA_TYPE, TYPE, signed_answer
from auth_service.protocol.tokens.signing_keys import SigningKeyRing
from auth_service.storage.grants import GrantStore
from shared.resource_server.wire import ActiveAnswer, Actor, InactiveAnswer

CALLER_AUTH_METHODS = ("client_secret_basic", "client_secret_post")


class Introspection:
    """It tells resource servers what tokens are worth."""

    def __init__(
        self,
        issuer: str,
        authentication: ClientAuthentication[ResourceServer],
        clients: ClientAuthentication[Client],
        keys: TokenKeyRing,
        grants: GrantStore,
        signing_keys: SigningKeyRing,
    ) -> None:
        self._issuer = issuer
        self._authentication = authentication
        self._clients = clients
        self._keys = keys
        self._grants = grants
        self._signing_keys = signing_keys

    def answer(self, request: ProtocolRequest) -> ProtocolResponse:
        """Tell registered resource servers about access tokens that are meant for them; everybody else learns nothing.

        Credentials first: before that, nothing is said about the request at all (§2.1). Raises an OAuth2Error.
        """
        caller = self._authenticated(request)
        request.refuse_repeated()
        token = request.form.get("token")
        if token is None:
            raise InvalidRequestError("token is required.")
        answer = self.introspect(token, caller)
        if _wants_signed_answer(request.headers):
            signed = signed_answer(answer, caller, self._issuer, self._signing_keys.signer(ALGORITHM))
            return ProtocolResponse(200, signed, [("Content-Type", MEDIA_TYPE)])
        return ProtocolResponse(200, answer)

    def _authenticated(self, request: ProtocolRequest) -> ResourceServer:
        try:
            return self._authentication.authenticate(request, CALLER_AUTH_METHODS, "introspection")
        except ClientAuthenticationFailedError:
            if self._clients.proven(request, CLIENT_AUTH_METHODS, "introspection"):
                raise NoResourceServerError from None
            raise

    def introspect(self, token: str, server: ResourceServer) -> ActiveAnswer | InactiveAnswer:
        """Return what a resource server learns of a token.

        `token_type_hint` is not needed: the token says what it is. Only access tokens are ever active (§2.2, §4).
        """
        handle = self._keys.parse(token)
        if handle is not None and handle.kind is TokenKind.REFRESH_TOKEN:
            self._grants.note_use(handle.grant_id, handle.digest)
        if handle is None or handle.kind is not TokenKind.ACCESS_TOKEN:
            return {"active": False}
        record = self._grants.find_access_token(handle)
        if record is None or server.resource not in record.claims.aud:
            return {"active": False}
        if record.claims.jkt and not server.checks_dpop_proofs:
            return {"active": False}  # it would take a stolen one for good
        return active_answer(handle, record, self._issuer)


def active_answer(handle: TokenHandle, record: AccessTokenRecord, issuer: str) -> ActiveAnswer:
    """Return what a resource server learns of a good token (RFC 7662 §2.2, 9449 §6.2, 8693 §4.1, 9470 §6.2)."""
    claims = record.claims
    answer: ActiveAnswer = {
        "active": True,
        "scope": claims.scope,
        "client_id": claims.client_id,
        "sub": claims.sub,
        "aud": claims.aud,
        "iss": issuer,
        "exp": record.expires_at,
        "iat": record.issued_at,
        "token_type": "DPoP" if claims.jkt else "Bearer",
        "jti": handle.digest,
        "grant_id": handle.grant_id,
    }
    if claims.username is not None:
        answer["username"] = claims.username
    if claims.jkt:
        answer["cnf"] = {"jkt": claims.jkt}
    if record.auth_time is not None:
        answer["auth_time"] = record.auth_time
    if record.methods:
        answer["amr"] = record.methods
    if record.acr is not None:
        answer["acr"] = record.acr
    if claims.actors:
        answer["act"] = _acting(*claims.actors)
    return answer


def _acting(latest: str, *before: str) -> Actor:
    return {"sub": latest, "act": _acting(*before)} if before else {"sub": latest}


def _wants_signed_answer(headers: Headers) -> bool:
    """Say whether the caller prefers a signed answer to a plain one (RFC 9701 §4, RFC 9110 §12.5.1).

    Who accepts neither gets the plain one, as ever.
    """
    accepted = headers.get("Accept") or ""
    if TYPE not in accepted.lower():  # almost every request: not even parsed
        return False
    return parse_accept_header(accepted, MIMEAccept).best_match(["application/json", MEDIA_TYPE]) == MEDIA_TYPE
