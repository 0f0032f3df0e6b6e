"""Grants end and shrink in these ways, always in this order: SQL commit, one script per grant, then the answer.

The scripts of many grants go to Redis in portions, a round trip each.

What did not get as far as the script is repaired by the reconciler (`workers/`), which repeats what SQL says; and by
the next who ends the same, for each of these tells Redis also of what had ended before and is still there.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from auth_service.models.account import Account
from auth_service.models.client import Client
from auth_service.models.ending import EndedAccessToken, EndedGrant, NarrowedGrant
from auth_service.models.grant import GrantRecord
from auth_service.models.revoked_access_token import RevokedAccessToken
from auth_service.models.token_reuse import TokenReuse
from auth_service.models.tokens import RevokedBecause, TokenUse
from auth_service.storage.accounts import AccountStore
from auth_service.storage.clients import ClientStore
from auth_service.storage.ended_records import EndedRecordStore
from auth_service.storage.exchanged_tokens import ExchangedTokenStore
from auth_service.storage.grant_ends import GrantEnds
from auth_service.storage.grant_keys import GrantKeys
from auth_service.storage.grant_records import GrantRecordStore
from auth_service.storage.password_links import PasswordLinks
from auth_service.storage.redis_connection import RedisClients
from auth_service.storage.resource_servers import ResourceServerStore
from auth_service.storage.token_reuses import TokenReuseStore

Progress = Callable[[int], None]
"""Told how many grants Redis was told of."""


class GrantRevocation:
    """An end is in force at the authorization server when the call returns; resource servers learn of it from the log.

    In force means: in the Redis that answers before and after the scripts. Raises redis.RedisError where that is not
    so, after SQL has recorded it.
    """

    def __init__(
        self,
        records: GrantRecordStore,
        ended: EndedRecordStore,
        redis: RedisClients,
        keys: GrantKeys,
        ends: GrantEnds,
        exchanged: ExchangedTokenStore,
        accounts: AccountStore,
        clients: ClientStore,
        resource_servers: ResourceServerStore,
        reuses: TokenReuseStore,
        links: PasswordLinks,
    ) -> None:
        self._records = records
        self._links = links
        self._reuses = reuses
        self._ended = ended
        self._redis = redis
        self._keys = keys
        self._ends = ends
        self._exchanged = exchanged
        self._accounts = accounts
        self._clients = clients
        self._resource_servers = resource_servers

    def end_grant(self, grant_id: str, because: RevokedBecause) -> bool:
        """End one grant. Returns False if there never was one. Ending it again announces it again."""
        record = self._records.mark_revoked(grant_id, because)
        self._announce(record)
        return record is not None

    def end_reused_grant(self, grant_id: str, generation: int, uses: Sequence[TokenUse], *, at_once: bool) -> None:
        """End a grant of which a credential of this generation came again, and keep what its life was like.

        `at_once`: it looks like two refreshes at once by the client itself.
        """
        self._announce(self._reuses.end_grant(grant_id, generation, uses, at_once=at_once))

    def disown_reuse(self, reuse: TokenReuse) -> None:
        """End every browser session and every grant of a person who says that it was somebody else."""
        self._announce_all(self._reuses.disown(reuse), lambda: self._ended.grants_of(reuse.account_id))

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
        shard = self._keys.shard(ended.grant_id)
        self._redis.unchanged(lambda: self._ends.revoke_access_tokens([ended]), [shard])

    def narrow_grant(self, grant_id: str, scopes: Collection[str], because: RevokedBecause) -> GrantRecord | None:
        """Leave a person's grant no more than these scopes, and end it if none is left; None if there never was one.

        The app is not told. What it may do is less from now on, and a refresh gives no more; for more it has to ask.
        """
        known = self._resource_servers.resources()
        record = self._records.narrow(grant_id, scopes, known.owners_of, because)
        self._announce(record)
        return record

    def narrow_app(self, account_id: str, client_id: str, taken: Collection[str]) -> None:
        """Take these scopes from all that a person allowed a client, and ask again before it gets them back."""
        for portion in self._records.current(account_id=account_id, client_id=client_id):
            for record in portion:
                kept = set(record.scopes) - set(taken)
                if kept != set(record.scopes):
                    self.narrow_grant(record.id, kept, RevokedBecause.PERSON)

    def end_app(self, account_id: str, client_id: str) -> None:
        """End everything a person allowed a client, and ask again next time."""
        at = self._records.mark_app_revoked(account_id, client_id, RevokedBecause.PERSON)
        self._announce_all(at, lambda: self._ended.grants_of(account_id, client_id))

    def disable_account(self, account_id: str, progress: Progress | None = None) -> None:
        """End an account's sessions and grants and refuse it from now on."""
        self._announce_all(self._accounts.disable(account_id), lambda: self._ended.grants_of(account_id), progress)

    def delete_account(self, account: Account, progress: Progress | None = None) -> bool:
        """End an account's sessions and grants and refuse it from now on, until it is erased.

        False, and nothing was changed, if this session of the account has ended meanwhile, or it was deleted before.
        """
        at = self._accounts.delete(account)
        if at is None:
            return False
        self._announce_all(at, lambda: self._ended.grants_of(account.id), progress)
        return True

    def change_password(self, account: Account, password: str) -> bool:
        """Store a new password and end the account's sessions and grants: whoever knew the old one is out.

        False, and nothing was changed, if this session of the account has ended meanwhile.
        """
        at = self._accounts.change_password(account, password)
        if at is None:
            return False
        self._announce_all(at, lambda: self._ended.grants_of(account.id))
        return True

    def choose_password(self, token: str, password: str) -> bool:
        """Store the password that somebody chose with a link, in the same way.

        False, and nothing was changed, if the link can't be used. Raises AlreadyExistsError.
        """
        chosen = self._links.choose(token, password)
        if chosen is None:
            return False
        self._announce_all(chosen.ended_at, lambda: self._ended.grants_of(chosen.account_id))
        return True

    def delete_client(self, client_id: str, progress: Progress | None = None) -> None:
        """End a client's grants, its own included, and what it got by token exchange; refuse it from now on."""
        at = self._clients.delete(client_id)
        self._announce_all(at, lambda: self._ended.grants_of(client_id=client_id), progress)

    def change_client(
        self,
        client_id: str,
        apply: Callable[[Client], None],
        because: RevokedBecause = RevokedBecause.OPERATOR,
        progress: Progress | None = None,
    ) -> Client:
        """Change a client as it is now; what it may no longer ask for, its grants and tokens lose at once.

        Raises NotFoundError, and what `apply` raises: then nothing is changed.
        """
        known = self._resource_servers.resources()
        client, at = self._clients.change(client_id, apply, known.owners_of, because)
        if at is not None:
            self._announce_all(at, lambda: self._ended.grants_of(client_id=client_id, narrowed_at=at), progress)
        return client

    def narrow_own_grant(self, client: Client) -> None:
        """Make true in Redis what a client may ask for, as SQL says: for its own tokens, and for those by exchange."""
        audience = self._resource_servers.resources().owners_of(client.scopes)
        self._ends.narrow_grants([NarrowedGrant(client.own_grant_id, client.scopes, audience, client.narrowings)])
        self._exchanged.revoke_those_of({client.client_id: client.scopes})

    def repeat(self, records: Sequence[GrantRecord], *, is_known: bool) -> None:
        """Make ends and what is left, as SQL records them, true in Redis. At most one portion.

        Where this Redis is known, those that it no longer has were told by it too, and are not told again.
        """
        ended = [_ended(record) for record in records if record.revoked_at is not None]
        self._ends.revoke_grants(self._ends.living_grants(ended) if is_known else ended)
        # Of a client's own grant: what else the client got by itself, it got by exchange.
        gone = [each for each in records if each.account_id is None and each.revoked_at is not None]
        self._exchanged.revoke_those_of({each.client_id: () for each in gone})
        left = [record for record in records if record.revoked_at is None]
        people = [each for each in left if each.account_id is not None]
        self._ends.narrow_grants([NarrowedGrant(each.id, each.scopes, each.audience) for each in people])
        for record in left:
            if record.account_id is None and (client := self._clients.find(record.client_id)) is not None:
                self.narrow_own_grant(client)

    def repeat_access_tokens(self, tokens: Iterable[RevokedAccessToken], *, is_known: bool) -> None:
        """Make true in Redis, in the same way, ends of access tokens that were revoked alone."""
        ended = [
            EndedAccessToken(each.grant_id, each.digest, each.client_id, each.subject, each.audience) for each in tokens
        ]
        self._ends.revoke_access_tokens(self._ends.living_access_tokens(ended) if is_known else ended)

    def _announce(self, record: GrantRecord | None) -> None:
        """Tell of what has just happened to one grant."""
        if record is not None:
            self._make_true([record], is_known=False)

    def _announce_all(
        self, at: datetime, find: Callable[[], Iterator[list[GrantRecord]]], progress: Progress | None = None
    ) -> None:
        """Tell of what has ended or shrunk `at` that moment, and of what had ended before and Redis still has.

        `progress` is told how many of them were.
        """
        told = 0
        for portion in find():
            self._make_true([record for record in portion if at in _when(record)], is_known=False)
            self._make_true([record for record in portion if at not in _when(record)], is_known=True)
            told += len(portion)
            if progress is not None:
                progress(told)

    def _make_true(self, records: Sequence[GrantRecord], *, is_known: bool) -> None:
        own = any(record.account_id is None for record in records)  # with a client ends what it got in other shards
        shards = range(self._keys.shards) if own else {self._keys.shard(record.id) for record in records}
        self._redis.unchanged(lambda: self.repeat(records, is_known=is_known), shards)


def _when(record: GrantRecord) -> tuple[datetime | None, datetime | None]:
    return record.revoked_at, record.narrowed_at


def _ended(record: GrantRecord) -> EndedGrant:
    return EndedGrant(
        record.id,
        record.client_id,
        record.account_id or record.client_id,
        record.audience,
        RevokedBecause(record.revoked_because or RevokedBecause.OPERATOR),
    )
