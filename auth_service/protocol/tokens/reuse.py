"""A code or refresh token came that had been spent before: its grant ends, and what its life was like is kept.

Whoever brought it second may be a thief or the one who was robbed (RFC 9700 §4.14.2): nobody can tell but the person.
"""

import logging
import time

from auth_service.crypto.token_handle import TokenHandle
from auth_service.models.caller import network_of, network_prefix
from auth_service.models.client import RetryPolicy
from auth_service.models.tokens import TokenUse
from auth_service.protocol.oauth_request import ProtocolRequest
from auth_service.protocol.tokens.grant_revocation import GrantRevocation
from auth_service.storage.errors import OUTAGES
from auth_service.storage.grants import GrantStore
from auth_service.storage.token_reuses import TokenReuseStore

_log = logging.getLogger(__name__)


TWO_AT_ONCE = (
    "This looks like two refreshes at once by the client itself. If its library sends no Idempotency-Key, "
    "set --retry until-used (docs/clients.md)."
)
_AT_ONCE = 60
"""Seconds."""


class ReuseHandling:
    """It ends such grants."""

    def __init__(self, grants: GrantStore, revocation: GrantRevocation, reuses: TokenReuseStore) -> None:
        self._grants = grants
        self._revocation = revocation
        self._reuses = reuses

    def end_grant(self, presented: TokenHandle, request: ProtocolRequest) -> None:
        """End the grant of a credential that was spent before, and tell the operator."""
        uses = self._uses(presented.grant_id)
        before = [use for use in uses if use.generation == presented.generation]
        at_once = any(_looks_like_two_refreshes_at_once(use, request) for use in before)
        _log.warning(
            "a spent credential came again: its grant ends",
            extra={
                "client_id": request.authenticated_client.client_id,
                "grant_id": presented.grant_id,
                "generation": presented.generation,
                "from_network": network_of(request.remote_address),
                "spent_before_by": f"{before[0].network} {before[0].program}".strip() if before else None,
                "advice": TWO_AT_ONCE if at_once else None,
            },
        )
        self._revocation.end_reused_grant(presented.grant_id, presented.generation, uses, at_once=at_once)

    def note_late(self, presented: TokenHandle) -> None:
        """Note that another credential came of a grant that has ended so: it may be the other one of the two."""
        self._reuses.note_late(presented.grant_id, presented.generation)

    def _uses(self, grant_id: str) -> list[TokenUse]:
        """Return what Redis remembers of the grant's life. The grant ends also where that can't be read."""
        try:
            return self._grants.uses(grant_id)
        except OUTAGES:
            return []


def _looks_like_two_refreshes_at_once(before: TokenUse, request: ProtocolRequest) -> bool:
    """Say whether a client that proved itself brought the same credential from where it had come a moment before."""
    client = request.authenticated_client
    is_proven = not client.public or bool(request.proven_key)
    is_strict = client.retry == RetryPolicy.STRICT
    same_place = before.network == network_prefix(request.remote_address)
    return is_proven and is_strict and same_place and time.time() - before.at < _AT_ONCE
