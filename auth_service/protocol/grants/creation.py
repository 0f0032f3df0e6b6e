"""How a grant begins: with the scopes that a person ticked, behind its first one-time credential."""

from dataclasses import dataclass
from datetime import timedelta

from auth_service.models.account import Account
from auth_service.models.base import now
from auth_service.models.client import Client
from auth_service.models.grant import GrantRecord
from auth_service.models.tokens import NewGrant, RevokedBecause
from auth_service.protocol.authorization_server import ServerParts
from auth_service.protocol.identity_scopes import OPENID
from auth_service.protocol.resource_indicators import Target, ticked_target


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about an app's request."""

    account: Account
    signed_in_at: float
    """When they last proved who they are, in epoch seconds."""
    scopes: tuple[str, ...]
    """Those they ticked."""
    withdrawals: int | None
    """How often they had taken something back from the client when they were asked; None if nobody knows."""
    remember: bool = False
    """Whether the same need not be asked again."""

    def allows_some_of(self, requested: Target) -> bool:
        """Whether it is a yes. Who is asked to sign in can leave other scopes out, but not half sign in."""
        allowed = set(self.scopes) & set(requested.scopes)
        return bool(allowed) and (OPENID in allowed or OPENID not in requested.scopes)


def begin_grant(
    parts: ServerParts,
    client: Client,
    decision: Decision,
    requested: Target,
    *,
    grant_id: str,
    code_digest: str,
    lifetime: int,
    redirect_uri: str = "",
    code_challenge: str = "",
    nonce: str = "",
    dpop_jkt: str = "",
) -> bool:
    """Begin a grant whose code, or device code, may be exchanged within `lifetime` seconds.

    SQL first, then Redis; then look again whether the account and the client were meanwhile ended. False if they were,
    or if what was decided on has changed since the person was asked: there is no grant, or it has ended.
    Raises InvalidScopeError if nothing that was requested was ticked.
    """
    target = ticked_target(parts.resource_servers.all(), requested, decision.scopes)
    expires_at = now() + timedelta(seconds=parts.grant_lifetime)
    recorded = parts.records.add(
        GrantRecord(
            id=grant_id,
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
    parts.grants.create(
        NewGrant(
            grant_id=grant_id,
            client_id=client.client_id,
            subject=decision.account.id,
            scopes=target.scopes,
            audience=target.audience,
            expires_at=expires_at.timestamp(),
            redirect_uri=redirect_uri,
            code_challenge=code_challenge,
            dpop_jkt=dpop_jkt,
            code_digest=code_digest,
            auth_time=int(decision.signed_in_at),
            nonce=nonce,
        ),
        lifetime,
    )
    if parts.records.find_good(grant_id) is None:
        parts.revocation.end_grant(grant_id, RevokedBecause.OPERATOR)
        return False
    return True
