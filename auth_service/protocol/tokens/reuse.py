"""A code or refresh token came that had been spent before: its grant ends, and what its life was like is kept.

Whoever brought it second may be a thief or the one who was robbed (RFC 9700 §4.14.2): nobody can tell but the person.
"""

import logging

from auth_service.crypto.token_handle import TokenHandle
from auth_service.models.caller import network_of
from auth_service.models.tokens import TokenUse
from auth_service.protocol.oauth_request import ProtocolRequest
from auth_service.protocol.tokens.grant_revocation import GrantRevocation
from auth_service.storage.errors import OUTAGES
from auth_service.storage.grants import GrantStore

_log = logging.getLogger(__name__)


class ReuseHandling:
    """It ends such grants."""

    def __init__(self, grants: GrantStore, revocation: GrantRevocation) -> None:
        self._grants = grants
        self._revocation = revocation

    def end_grant(self, presented: TokenHandle, request: ProtocolRequest) -> None:
        """End the grant of a credential that was spent before, and tell the operator."""
        uses = self._uses(presented.grant_id)
        before = [f"{use.network} {use.program}".strip() for use in uses if use.generation == presented.generation]
        _log.warning(
            "a spent credential came again: its grant ends",
            extra={
                "client_id": request.authenticated_client.client_id,
                "grant_id": presented.grant_id,
                "generation": presented.generation,
                "from_network": network_of(request.remote_address),
                "spent_before_by": before[0] if before else None,
            },
        )
        self._revocation.end_reused_grant(presented.grant_id, presented.generation, uses)

    def note_late(self, presented: TokenHandle) -> None:
        """Note that another credential came of a grant that has ended so: it may be the other one of the two."""
        self._revocation.note_late_credential(presented.grant_id, presented.generation)

    def _uses(self, grant_id: str) -> list[TokenUse]:
        """Return what Redis remembers of the grant's life. The grant ends also where that can't be read."""
        try:
            return self._grants.uses(grant_id)
        except OUTAGES:
            return []
