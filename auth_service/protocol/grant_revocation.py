"""Every way in which grants end. Always the same order: SQL commit, then one script per grant, then the answer.

A crash in between is repaired by the reconciler (`workers/`), which repeats what SQL says was ended.
"""

from collections.abc import Iterable

from auth_service.models.grant import GrantRecord
from auth_service.models.tokens import RevokedBecause
from auth_service.storage.accounts import AccountStore
from auth_service.storage.clients import ClientStore
from auth_service.storage.grant_records import GrantRecordStore
from auth_service.storage.grants import GrantStore


class GrantRevocation:
    """In force at the authorization server when the call returns; resource servers learn of it from the log."""

    def __init__(
        self, records: GrantRecordStore, grants: GrantStore, accounts: AccountStore, clients: ClientStore
    ) -> None:
        self._records = records
        self._grants = grants
        self._accounts = accounts
        self._clients = clients

    def end_grant(self, grant_id: str, because: RevokedBecause) -> bool:
        """End one grant; False if there never was one. Ending it again announces it again."""
        record = self._records.mark_revoked(grant_id, because)
        self.announce([record] if record else [])
        return record is not None

    def end_app(self, account_id: str, client_id: str) -> None:
        """End everything a person allowed a client, and ask again next time."""
        self.announce(self._records.mark_app_revoked(account_id, client_id, RevokedBecause.PERSON))

    def disable_account(self, account_id: str) -> None:
        """End an account's sessions and grants and refuse it from now on."""
        self.announce(self._accounts.disable(account_id))

    def change_password(self, account_id: str, password: str) -> None:
        """Store a new password and end the account's sessions and grants: whoever knew the old one is out."""
        self.announce(self._accounts.change_password(account_id, password))

    def delete_client(self, client_id: str) -> None:
        """End a client's grants, its own included, and refuse it from now on."""
        self.announce(self._clients.delete(client_id))

    def announce(self, records: Iterable[GrantRecord]) -> None:
        """Make ends that SQL records true in Redis."""
        for record in records:
            self._grants.revoke_grant(
                record.id,
                client_id=record.client_id,
                subject=record.account_id or record.client_id,
                audience=record.audience,
                because=RevokedBecause(record.revoked_because or RevokedBecause.OPERATOR),
            )
