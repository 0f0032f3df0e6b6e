"""Token answers are made here: the successors of a spent credential are derived, and one atomic step decides.

The checks that come before are the grants'; the step itself is `storage/grants.py`.
"""

import secrets
from dataclasses import dataclass

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, InvalidScopeError

from auth_service.crypto.token_handle import TokenHandle, TokenKeyRing, TokenKind
from auth_service.models.caller import network_prefix, program_of
from auth_service.models.client import Client, RetryPolicy
from auth_service.models.tokens import (
    AccessTokenClaims,
    Issued,
    NotExchanged,
    NotRotated,
    Repeatable,
    Replayed,
    Retry,
    RevokedBecause,
    Rotation,
)
from auth_service.protocol.errors import (
    AnswerLostError,
    ClientAuthenticationFailedError,
    ClientChangedError,
    InvalidDpopProofError,
    InvalidTargetError,
    UsedByAnotherRequestError,
)
from auth_service.protocol.oauth_request import ProtocolRequest
from auth_service.protocol.observer import Observer, Spending
from auth_service.protocol.resource_indicators import Target
from auth_service.protocol.tokens.grant_revocation import GrantRevocation
from auth_service.protocol.tokens.reuse import ReuseHandling
from auth_service.storage.clients import ClientStore
from auth_service.storage.exchanged_tokens import ExchangedTokenStore
from auth_service.storage.grant_records import GoodGrant
from auth_service.storage.grants import GrantStore
from auth_service.storage.resource_servers import ResourceServerStore

TokenAnswer = dict[str, str | int]

WORTHLESS = "This credential is invalid, expired, revoked or not this client's."
"""Which of these it is, nobody is told."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Tokens live so many seconds."""

    access_token: int
    refresh_token_idle: int


class TokenIssuance:
    """It issues tokens, and raises an OAuth error where it must not."""

    def __init__(
        self,
        keys: TokenKeyRing,
        grants: GrantStore,
        exchanged: ExchangedTokenStore,
        clients: ClientStore,
        resource_servers: ResourceServerStore,
        revocation: GrantRevocation,
        reuse: ReuseHandling,
        lifetimes: Lifetimes,
        observer: Observer,
    ) -> None:
        self._keys = keys
        self._grants = grants
        self._exchanged = exchanged
        self._clients = clients
        self._resource_servers = resource_servers
        self._revocation = revocation
        self._reuse = reuse
        self._lifetimes = lifetimes
        self._observer = observer

    def access_token_lifetime(self, client: Client) -> int:
        """Return how many seconds a client's access tokens live at most."""
        return client.access_token_lifetime or self._lifetimes.access_token

    def rotate(
        self,
        presented: TokenHandle,
        grant: GoodGrant,
        target: Target,
        same_request: Repeatable,
        request: ProtocolRequest,
    ) -> tuple[TokenAnswer, int]:
        """Spend a code or a refresh token for an access token for `target` and, if the client may, a refresh token.

        Returns the answer and when it was first given, in epoch seconds: a repetition says the same.

        Raises an OAuth error, after which nothing was spent, unless the credential had been spent before.
        """
        client, proven_key = request.authenticated_client, request.proven_key
        claims = AccessTokenClaims(
            client_id=client.client_id,
            sub=grant.account_id,
            username=grant.username,
            aud=target.audience,
            scope=" ".join(target.scopes),
            jkt=proven_key,
        )
        self._refuse_unchecked_binding(claims)
        nonce, key_id = secrets.token_bytes(16), self._keys.newest_key_id
        access, refresh = self._successors(presented, client, nonce, key_id)
        lifetime = self.access_token_lifetime(client)
        outcome = self._grants.rotate(
            Rotation(
                grant_id=presented.grant_id,
                generation=presented.generation,
                digest=presented.digest,
                client_id=client.client_id,
                nonce=nonce.hex(),
                key_id=key_id,
                access_digest=access.digest,
                refresh_digest=refresh.digest if refresh else "",
                claims=claims,
                repeatable=same_request,
                access_token_lifetime=lifetime,
                idle_lifetime=self._lifetimes.refresh_token_idle,
                retry=_retry(presented, client, proven_key),
                binds_refresh_token=client.public,
                network=network_prefix(request.remote_address),
                program=program_of(request.headers.get("User-Agent")),
            )
        )
        self._observer.spending(presented.kind, _spending(outcome))
        match outcome:
            case Replayed():
                return self._repeat(presented, grant, request, outcome), outcome.issued_at
            case Issued():
                return _answer(access, refresh, claims.scope, proven_key, outcome), outcome.issued_at
            case NotRotated.KEY_MISUSED:
                raise InvalidRequestError("This Idempotency-Key stands for another request.")
            case NotRotated.OTHER_REQUEST:
                raise InvalidRequestError("Another request has just used this refresh token: repeat that one.")
            case NotRotated.TOO_SOON:
                raise UsedByAnotherRequestError
            case NotRotated.WRONG_KEY:
                raise InvalidDpopProofError("This refresh token is bound to another key: prove that you hold it.")
            case NotRotated.REUSED:
                self._reuse.end_grant(presented, request)
                raise InvalidGrantError("This credential was used before. Its grant has ended.")
            case NotRotated.GONE | NotRotated.WRONG_CLIENT:
                raise InvalidGrantError(WORTHLESS)

    def note_use(self, presented: TokenHandle, client: Client) -> None:
        """Note that a refresh token was presented, though nothing came of it: its pair has arrived."""
        if client.retry != RetryPolicy.STRICT:
            self._grants.note_use(presented.grant_id, presented.digest)

    def issue_client_token(
        self, client: Client, claims: AccessTokenClaims, client_audience: tuple[str, ...]
    ) -> TokenAnswer:
        """Issue an access token for the client itself; no refresh token (RFC 6749 §4.4.3).

        `client_audience` is for whom its tokens may be at most: the owners of all its scopes. Raises ClientChangedError
        if scopes were taken from the client since it was looked up, or if Redis doesn't know yet that they were.
        """
        self._refuse_unchecked_binding(claims)
        access = self._keys.make(TokenKind.ACCESS_TOKEN, client.own_grant_id, 0)
        lifetime = self.access_token_lifetime(client)
        issued = self._grants.issue_client_token(
            client.own_grant_id, access.digest, claims, client.scopes, client_audience, client.narrowings, lifetime
        )
        if issued is None or not issued.confirmed:
            # Deleted, or narrowed, since it was authenticated: then Redis has to hear of it, perhaps once more.
            current = self._clients.find(client.client_id)
            if current is None:
                self._revocation.end_grant(client.own_grant_id, RevokedBecause.CLIENT_DELETED)
                raise ClientAuthenticationFailedError
            if issued is None or current.narrowings != client.narrowings:
                self._revocation.narrow_own_grant(current)
                raise ClientChangedError
            self._grants.confirm_client(client.own_grant_id, issued.born)
        return _answer(access, None, claims.scope, claims.jkt, issued)

    def exchange(self, subject: TokenHandle, client: Client, claims: AccessTokenClaims) -> TokenAnswer:
        """Issue an access token for another one (RFC 8693), which ends with `subject` and with the client.

        Raises InvalidRequestError if `subject` is no longer good.
        """
        self._refuse_unchecked_binding(claims)
        access = self._keys.make(TokenKind.ACCESS_TOKEN, subject.grant_id, subject.generation)
        lifetime = self.access_token_lifetime(client)
        match self._exchanged.issue(subject, access.digest, claims, lifetime):
            case NotExchanged.GONE:
                raise InvalidRequestError("subject_token has expired or was revoked.")
            case NotExchanged.TOO_MANY:
                raise InvalidRequestError("Too many tokens were got for this one: keep and use them.")
            case Issued() as issued:
                pass
        # The client may have been deleted, or narrowed, between its authentication and the script.
        current = self._clients.find(client.client_id)
        if current is None:
            self._exchanged.revoke_those_of({client.client_id: ()})
            raise ClientAuthenticationFailedError
        if current.narrowings != client.narrowings:
            self._exchanged.revoke_those_of({client.client_id: current.scopes})
            raise ClientChangedError
        return _answer(access, None, claims.scope, claims.jkt, issued)

    def _refuse_unchecked_binding(self, claims: AccessTokenClaims) -> None:
        """Bind no token to a key that somebody would take without a proof. Raises InvalidTargetError."""
        if not claims.jkt:
            return
        for server in self._resource_servers.all():
            if server.resource in claims.aud and not server.checks_dpop_proofs:
                raise InvalidTargetError(f"{server.resource} checks no DPoP proofs: ask for its tokens without one.")

    def _successors(
        self, presented: TokenHandle, client: Client, nonce: bytes, key_id: str
    ) -> tuple[TokenHandle, TokenHandle | None]:
        access = self._keys.derive(TokenKind.ACCESS_TOKEN, presented, nonce, key_id)
        refresh = None
        if client.check_grant_type("refresh_token"):
            refresh = self._keys.derive(TokenKind.REFRESH_TOKEN, presented, nonce, key_id)
        if access is None:
            raise AnswerLostError
        return access, refresh

    def _repeat(
        self, presented: TokenHandle, grant: GoodGrant, request: ProtocolRequest, stored: Replayed
    ) -> TokenAnswer:
        """Give the answer that was given before, or none: never a pair that would not work, or a scope that is gone."""
        client = request.authenticated_client
        access, refresh = self._successors(presented, client, bytes.fromhex(stored.nonce), stored.key_id)
        if not _is_of(access, stored.access_digest) or not _is_of(refresh, stored.refresh_digest):
            raise AnswerLostError
        scope = " ".join(name for name in stored.scope.split() if name in grant.scopes)
        if not scope:
            raise InvalidScopeError
        return _answer(access, refresh, scope, request.proven_key, stored)


def _is_of(handle: TokenHandle | None, digest: str) -> bool:
    """Say whether this is the token whose digest begins so, or there is neither."""
    return handle.digest.startswith(digest) and bool(digest) if handle else not digest


def _retry(presented: TokenHandle, client: Client, proven_key: str) -> Retry:
    """Return whether this may have come before. Codes are strict: what they are exchanged for, nobody has used."""
    if client.retry == RetryPolicy.STRICT or presented.kind is not TokenKind.REFRESH_TOKEN:
        return Retry.NEVER
    return Retry.PROVEN if proven_key or not client.public else Retry.UNPROVEN


def _spending(outcome: Issued | Replayed | NotRotated) -> Spending:
    match outcome:
        case Replayed():
            return Spending.REPLAYED
        case Issued():
            return Spending.ROTATED
        case NotRotated.REUSED:
            return Spending.REUSED
        case _:
            return Spending.REFUSED


def _answer(access: TokenHandle, refresh: TokenHandle | None, scope: str, jkt: str, issued: Issued) -> TokenAnswer:
    answer: TokenAnswer = {
        "access_token": access.text,
        "token_type": "DPoP" if jkt else "Bearer",
        "expires_in": issued.expires_in,
    }
    if refresh is not None:
        answer["refresh_token"] = refresh.text
    return {**answer, "scope": scope}
