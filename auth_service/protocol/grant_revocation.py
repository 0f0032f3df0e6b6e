"""Every way in which grants end or shrink. Always in this order: SQL commit, one script per grant, then the answer.

A crash in between is repaired by the reconciler (`workers/`), which repeats what SQL says.
"""

from collections.abc import Callable, Collection, Iterable

from auth_service.models.account import Account
from auth_service.models.client import Client
from auth_service.models.grant import GrantRecord
from auth_service.models.tokens import RevokedBecause
from auth_service.protocol.resource_indicators import audience_of
from auth_service.storage.accounts import AccountStore
from auth_service.storage.clients import ClientStore
from auth_service.storage.exchanged_tokens import ExchangedTokenStore
from auth_service.storage.grant_records import GrantRecordStore
from auth_service.storage.grants import GrantStore
from auth_service.storage.resource_servers import ResourceServerStore


class GrantRevocation:
    """In force at the authorization server when the call returns; resource servers learn of it from the log."""

    def __init__(
        self,
        records: GrantRecordStore,
        grants: GrantStore,
        exchanged: ExchangedTokenStore,
        accounts: AccountStore,
        clients: ClientStore,
        resource_servers: ResourceServerStore,
    ) -> None:
        self._records = records
        self._grants = grants
        self._exchanged = exchanged
        self._accounts = accounts
        self._clients = clients
        self._resource_servers = resource_servers

    def end_grant(self, grant_id: str, because: RevokedBecause) -> bool:
        """End one grant; False if there never was one. Ending it again announces it again."""
        record = self._records.mark_revoked(grant_id, because)
        self.announce([record] if record else [])
        return record is not None

    def narrow_grant(self, grant_id: str, scopes: Collection[str], because: RevokedBecause) -> GrantRecord | None:
        """Leave a person's grant no more than these scopes, and end it if none is left; None if there never was one.

        The app is not told. What it may do is less from now on, and a refresh gives no more; for more it has to ask.
        """
        servers = self._resource_servers.all()
        record = self._records.narrow(grant_id, scopes, lambda left: audience_of(servers, left), because)
        self.announce([record] if record else [])
        return record

    def end_app(self, account_id: str, client_id: str) -> None:
        """End everything a person allowed a client, and ask again next time."""
        self.announce(self._records.mark_app_revoked(account_id, client_id, RevokedBecause.PERSON))

    def disable_account(self, account_id: str) -> None:
        """End an account's sessions and grants and refuse it from now on."""
        self.announce(self._accounts.disable(account_id))

    def change_password(self, account: Account, password: str) -> bool:
        """Store a new password and end the account's sessions and grants: whoever knew the old one is out.

        False, and nothing was changed, if this session of the account has ended meanwhile.
        """
        ended = self._accounts.change_password(account, password)
        if ended is None:
            return False
        self.announce(ended)
        return True

    def delete_client(self, client_id: str) -> None:
        """End a client's grants, its own included, and what it got by token exchange; refuse it from now on."""
        self.announce(self._clients.delete(client_id))

    def change_client(
        self, client_id: str, apply: Callable[[Client], None], because: RevokedBecause = RevokedBecause.OPERATOR
    ) -> Client:
        """Change a client as it is now; what it may no longer ask for, its grants and tokens lose at once.

        Raises NotFoundError, and what `apply` raises: then nothing is changed.
        """
        servers = self._resource_servers.all()
        client, narrowed = self._clients.change(client_id, apply, lambda left: audience_of(servers, left), because)
        self.announce(narrowed)
        return client

    def narrow_own_grant(self, client: Client) -> None:
        """Make true in Redis what a client may ask for, as SQL says: for its own tokens, and for those by exchange."""
        audience = audience_of(self._resource_servers.all(), client.scopes)
        self._grants.narrow_grant(client.own_grant_id, client.scopes, audience, client.narrowings)
        self._exchanged.revoke_those_of(client.client_id, beyond=client.scopes)

    def announce(self, records: Iterable[GrantRecord]) -> None:
        """Make ends and what is left, as SQL records them, true in Redis."""
        for record in records:
            if record.revoked_at is None:
                self._announce_what_is_left(record)
                continue
            self._grants.revoke_grant(
                record.id,
                client_id=record.client_id,
                subject=record.account_id or record.client_id,
                audience=record.audience,
                because=RevokedBecause(record.revoked_because or RevokedBecause.OPERATOR),
            )
            if record.account_id is None:  # the client's own grant: what else it got by itself, it got by exchange
                self._exchanged.revoke_those_of(record.client_id)

    def _announce_what_is_left(self, record: GrantRecord) -> None:
        if record.account_id is not None:
            self._grants.narrow_grant(record.id, record.scopes, record.audience)
        elif (client := self._clients.find(record.client_id)) is not None:
            self.narrow_own_grant(client)
