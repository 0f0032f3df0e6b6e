"""Every way in which grants end or shrink. Always in this order: SQL commit, one script per grant, then the answer.

What did not get as far as the script is repaired by the reconciler (`workers/`), which repeats what SQL says; and by
the next who ends the same, for each of these tells Redis also of what had ended before and is still there.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import UTC, datetime

from auth_service.models.account import Account
from auth_service.models.client import Client
from auth_service.models.ending import EndedAccessToken, EndedGrant
from auth_service.models.grant import GrantRecord
from auth_service.models.revoked_access_token import RevokedAccessToken
from auth_service.models.tokens import RevokedBecause
from auth_service.protocol.resource_indicators import audience_of
from auth_service.storage.accounts import AccountStore
from auth_service.storage.clients import ClientStore
from auth_service.storage.ended_records import EndedRecordStore
from auth_service.storage.exchanged_tokens import ExchangedTokenStore
from auth_service.storage.grant_ends import GrantEnds
from auth_service.storage.grant_records import GrantRecordStore
from auth_service.storage.redis_master import RedisMaster
from auth_service.storage.resource_servers import ResourceServerStore


class GrantRevocation:
    """In force at the authorization server when the call returns; resource servers learn of it from the log.

    In force means: in the Redis that answers before and after the scripts. Raises redis.RedisError where that is not
    so, after SQL has recorded it.
    """

    def __init__(
        self,
        records: GrantRecordStore,
        ended: EndedRecordStore,
        redis: RedisMaster,
        ends: GrantEnds,
        exchanged: ExchangedTokenStore,
        accounts: AccountStore,
        clients: ClientStore,
        resource_servers: ResourceServerStore,
    ) -> None:
        self._records = records
        self._ended = ended
        self._redis = redis
        self._ends = ends
        self._exchanged = exchanged
        self._accounts = accounts
        self._clients = clients
        self._resource_servers = resource_servers

    def end_grant(self, grant_id: str, because: RevokedBecause) -> bool:
        """End one grant; False if there never was one. Ending it again announces it again."""
        record = self._records.mark_revoked(grant_id, because)
        self._announce([record] if record else [])
        return record is not None

    def end_access_token(self, ended: EndedAccessToken, expires_at: int) -> None:
        """End one access token, which lives no longer than until that epoch second."""
        self._ended.add_access_token(
            RevokedAccessToken(
                digest=ended.digest,
                grant_id=ended.grant_id,
                client_id=ended.client_id,
                subject=ended.subject,
                audience=ended.audience,
                expires_at=datetime.fromtimestamp(expires_at, UTC),
            )
        )
        self._redis.unchanged(lambda: self._ends.revoke_access_tokens([ended]))

    def narrow_grant(self, grant_id: str, scopes: Collection[str], because: RevokedBecause) -> GrantRecord | None:
        """Leave a person's grant no more than these scopes, and end it if none is left; None if there never was one.

        The app is not told. What it may do is less from now on, and a refresh gives no more; for more it has to ask.
        """
        servers = self._resource_servers.all()
        record = self._records.narrow(grant_id, scopes, lambda left: audience_of(servers, left), because)
        self._announce([record] if record else [])
        return record

    def end_app(self, account_id: str, client_id: str) -> None:
        """End everything a person allowed a client, and ask again next time."""
        ended = self._records.mark_app_revoked(account_id, client_id, RevokedBecause.PERSON)
        self._announce(ended, lambda: self._ended.grants_of(account_id, client_id))

    def disable_account(self, account_id: str) -> None:
        """End an account's sessions and grants and refuse it from now on."""
        self._announce(self._accounts.disable(account_id), lambda: self._ended.grants_of(account_id))

    def change_password(self, account: Account, password: str) -> bool:
        """Store a new password and end the account's sessions and grants: whoever knew the old one is out.

        False, and nothing was changed, if this session of the account has ended meanwhile.
        """
        ended = self._accounts.change_password(account, password)
        if ended is None:
            return False
        self._announce(ended, lambda: self._ended.grants_of(account.id))
        return True

    def delete_client(self, client_id: str) -> None:
        """End a client's grants, its own included, and what it got by token exchange; refuse it from now on."""
        ended = self._clients.delete(client_id)
        self._announce(ended, lambda: self._ended.grants_of(client_id=client_id))

    def change_client(
        self, client_id: str, apply: Callable[[Client], None], because: RevokedBecause = RevokedBecause.OPERATOR
    ) -> Client:
        """Change a client as it is now; what it may no longer ask for, its grants and tokens lose at once.

        Raises NotFoundError, and what `apply` raises: then nothing is changed.
        """
        servers = self._resource_servers.all()
        client, narrowed = self._clients.change(client_id, apply, lambda left: audience_of(servers, left), because)
        self._announce(narrowed)
        return client

    def narrow_own_grant(self, client: Client) -> None:
        """Make true in Redis what a client may ask for, as SQL says: for its own tokens, and for those by exchange."""
        audience = audience_of(self._resource_servers.all(), client.scopes)
        self._ends.narrow_grant(client.own_grant_id, client.scopes, audience, client.narrowings)
        self._exchanged.revoke_those_of(client.client_id, beyond=client.scopes)

    def repeat(self, records: Iterable[GrantRecord], *, is_known: bool) -> None:
        """Make ends and what is left, as SQL records them, true in Redis.

        Where this Redis is known, those that it no longer has were told by it too, and are not told again.
        """
        records = list(records)
        ended = [_ended(record) for record in records if record.revoked_at is not None]
        self._ends.revoke_grants(self._ends.living_grants(ended) if is_known else ended)
        for record in records:
            if record.revoked_at is None:
                self._repeat_what_is_left(record)
            elif record.account_id is None:  # the client's own grant: what else it got by itself, it got by exchange
                self._exchanged.revoke_those_of(record.client_id)

    def _repeat_what_is_left(self, record: GrantRecord) -> None:
        if record.account_id is not None:
            self._ends.narrow_grant(record.id, record.scopes, record.audience)
        elif (client := self._clients.find(record.client_id)) is not None:
            self.narrow_own_grant(client)

    def repeat_access_tokens(self, tokens: Iterable[RevokedAccessToken], *, is_known: bool) -> None:
        """The same for access tokens that were revoked alone."""
        ended = [
            EndedAccessToken(each.grant_id, each.digest, each.client_id, each.subject, each.audience) for each in tokens
        ]
        self._ends.revoke_access_tokens(self._ends.living_access_tokens(ended) if is_known else ended)

    def _announce(
        self, changed: list[GrantRecord], before: Callable[[], Iterator[list[GrantRecord]]] = lambda: iter(())
    ) -> None:
        """Tell of what has just changed, and of what had ended `before` and Redis still has."""

        def tell() -> None:
            self.repeat(changed, is_known=False)
            for portion in before():
                self.repeat(portion, is_known=True)

        self._redis.unchanged(tell)


def _ended(record: GrantRecord) -> EndedGrant:
    return EndedGrant(
        record.id,
        record.client_id,
        record.account_id or record.client_id,
        record.audience,
        RevokedBecause(record.revoked_because or RevokedBecause.OPERATOR),
    )
