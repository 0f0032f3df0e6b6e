"""Grants as a person's consent begins them, without the pages on which people sign in and allow them."""

from datetime import timedelta
from typing import Any

from auth_service.components import Components
from auth_service.crypto.token_handle import TokenKind, new_grant_id
from auth_service.models.account import Account
from auth_service.models.base import now
from auth_service.models.grant import GrantRecord
from auth_service.models.tokens import NewGrant


def begin_grant(
    parts: Components,
    account: Account,
    client_id: str,
    *,
    scopes: tuple[str, ...],
    audience: tuple[str, ...],
    redirect_uri: str,
    challenge: str,
    kind: TokenKind = TokenKind.AUTHORIZATION_CODE,
    lifetime: int = 60,
) -> str:
    """Return the code, or the device code that was allowed, which lives for so many seconds."""
    grant_id, expires_at = new_grant_id(), now() + timedelta(days=1)
    code = parts.keys.make(kind, grant_id, 0)
    target: dict[str, Any] = {"scopes": scopes, "audience": audience}
    parts.records.add(
        GrantRecord(id=grant_id, account_id=account.id, client_id=client_id, expires_at=expires_at, **target),
        session_epoch=account.session_epoch,
        withdrawals=0,
    )
    parts.grants.create(
        NewGrant(
            grant_id=grant_id,
            client_id=client_id,
            subject=account.id,
            expires_at=expires_at.timestamp(),
            redirect_uri=redirect_uri,
            code_challenge=challenge,
            code_digest=code.digest,
            **target,
        ),
        lifetime,
    )
    return code.text
