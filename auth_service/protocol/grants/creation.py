"""A grant begins with the scopes that a person ticked, behind its first one-time credential."""

from dataclasses import dataclass, field
from datetime import timedelta

from auth_service.models.account import Account
from auth_service.models.authentication import Authentication, class_told
from auth_service.models.base import now
from auth_service.models.client import Client
from auth_service.models.grant import GrantRecord
from auth_service.models.security_event import EventKind, SecurityEvent
from auth_service.models.tokens import NewGrant, RevokedBecause
from auth_service.protocol.identity_scopes import OPENID
from auth_service.protocol.resource_indicators import Target, ticked_target
from auth_service.protocol.tokens.grant_revocation import GrantRevocation
from auth_service.storage.grant_records import GrantRecordStore
from auth_service.storage.grants import GrantStore
from auth_service.storage.resource_servers import ResourceServerStore
from auth_service.storage.security_events import SecurityEventStore


@dataclass(frozen=True, slots=True)
class Decision:
    """A person decided so about an app's request."""

    account: Account
    authentication: Authentication
    """They last proved so who they are."""
    scopes: tuple[str, ...]
    """They ticked these."""
    withdrawals: int | None
    """It counts how often they had taken something back from the client when they were asked; None if nobody knows."""
    remember: bool = False
    """It says whether the same need not be asked again."""

    def allows_some_of(self, requested: Target) -> bool:
        """Say whether it is a yes. Who is asked to sign in can leave other scopes out, but not half sign in."""
        allowed = set(self.scopes) & set(requested.scopes)
        return bool(allowed) and (OPENID in allowed or OPENID not in requested.scopes)


@dataclass(frozen=True, slots=True)
class FirstCredential:
    """A grant begins with this code or device code; the rest is what the request for it said about its exchange."""

    grant_id: str
    digest: str = field(repr=False)
    lifetime: int
    """It may be exchanged for so many seconds."""
    redirect_uri: str = ""
    """It is as the request sent it, and empty if it sent none; so are the others."""
    code_challenge: str = ""
    nonce: str = field(default="", repr=False)
    dpop_jkt: str = ""
    acr_values: tuple[str, ...] = ()


class GrantCreation:
    """It begins grants, which live for `lifetime` seconds."""

    def __init__(
        self,
        resource_servers: ResourceServerStore,
        records: GrantRecordStore,
        grants: GrantStore,
        revocation: GrantRevocation,
        events: SecurityEventStore,
        lifetime: int,
    ) -> None:
        self._resource_servers = resource_servers
        self._records = records
        self._grants = grants
        self._revocation = revocation
        self._events = events
        self.lifetime = lifetime

    def begin(self, client: Client, decision: Decision, requested: Target, credential: FirstCredential) -> bool:
        """Begin a grant: SQL first, then Redis; then look again whether account and client were meanwhile ended.

        False if they were, or if what was decided on has changed since the person was asked: there is no grant, or it
        has ended. Raises InvalidScopeError if nothing that was requested was ticked.
        """
        proven = decision.authentication
        acr = class_told(proven.methods, credential.acr_values)
        target = ticked_target(self._resource_servers.resources(), requested, decision.scopes)
        expires_at = now() + timedelta(seconds=self.lifetime)
        recorded = self._records.add(
            GrantRecord(
                id=credential.grant_id,
                account_id=decision.account.id,
                client_id=client.client_id,
                scopes=target.scopes,
                audience=target.audience,
                expires_at=expires_at,
            ),
            session_epoch=decision.account.session_epoch,
            withdrawals=decision.withdrawals,
            remember=decision.remember,
        )
        if not recorded:
            return False
        self._grants.create(
            NewGrant(
                grant_id=credential.grant_id,
                client_id=client.client_id,
                subject=decision.account.id,
                scopes=target.scopes,
                audience=target.audience,
                expires_at=expires_at.timestamp(),
                redirect_uri=credential.redirect_uri,
                code_challenge=credential.code_challenge,
                dpop_jkt=credential.dpop_jkt,
                code_digest=credential.digest,
                auth_time=int(decision.authentication.at),
                nonce=credential.nonce,
                methods=() if proven.is_plain_password else proven.methods,
                acr=acr if acr != class_told(proven.methods, ()) else None,
            ),
            credential.lifetime,
        )
        if self._records.find_good(credential.grant_id) is None:
            self._revocation.end_grant(credential.grant_id, RevokedBecause.OPERATOR)
            return False
        return True

    def decline(self, client: Client, decision: Decision) -> None:
        """Record that a person was asked and said no."""
        names = {"account_id": decision.account.id, "client_id": client.client_id}
        self._events.add(SecurityEvent(kind=EventKind.CONSENT_DENIED, **names))
