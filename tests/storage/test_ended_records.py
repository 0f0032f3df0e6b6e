"""What a Redis has to be told: all of it, once, the newest first, and never much of it at a time."""

from datetime import datetime, timedelta
from itertools import chain

import pytest

from auth_service.crypto.token_handle import new_grant_id
from auth_service.models.base import now
from auth_service.models.client import Client
from auth_service.models.grant import GrantRecord
from auth_service.models.revoked_access_token import RevokedAccessToken
from auth_service.storage import ended_records, portions
from auth_service.storage.clients import ClientStore
from auth_service.storage.database import Database
from auth_service.storage.ended_records import CLOCKS_AGREE_WITHIN, EndedRecordStore


@pytest.fixture
def ended(database: Database, monkeypatch: pytest.MonkeyPatch) -> EndedRecordStore:
    monkeypatch.setattr(portions, "AT_ONCE", 3)
    monkeypatch.setattr(ended_records, "AT_ONCE", 3)
    return EndedRecordStore(database)


@pytest.fixture
def client_id(database: Database) -> str:
    client_id = new_grant_id()
    client = Client(client_id=client_id, name="App", redirect_uris=(), grant_types=(), scopes=(), own_grant_id="")
    client.own_grant_id = new_grant_id()
    ClientStore(database).create(client, ())
    return client_id


def add_ended(database: Database, client_id: str, *moments: datetime, **more: datetime) -> list[str]:
    records = [
        GrantRecord(
            id=new_grant_id(),
            client_id=client_id,
            scopes=(),
            audience=(),
            revoked_at=moment,
            revoked_because="person",
            **more,
        )
        for moment in moments
    ]
    with database.writing() as session:
        session.add_all(records)
    return [record.id for record in records]


def test_ends_come_in_portions_newest_first_also_those_of_one_moment(
    database: Database, ended: EndedRecordStore, client_id: str
) -> None:
    moment = now()
    older = add_ended(database, client_id, *(moment - timedelta(hours=hours) for hours in (3, 2, 1)))
    at_once = add_ended(database, client_id, *[moment] * 7)
    found = list(ended.grants(None))
    assert max(map(len, found)) == 3
    ours = [record.id for record in chain(*found) if record.client_id == client_id]
    assert ours == [*sorted(at_once, reverse=True), *reversed(older)]


def test_what_a_client_lost_comes_in_portions_each_once(
    database: Database, ended: EndedRecordStore, client_id: str
) -> None:
    lost = add_ended(database, client_id, *[now() - timedelta(minutes=minutes) for minutes in range(7)])
    found = list(ended.grants_of(client_id=client_id))
    assert [len(portion) for portion in found] == [3, 3, 1]
    assert [record.id for record in chain(*found)] == sorted(lost)


def test_looking_back_allows_for_clocks_that_differ_and_leaves_out_what_has_expired(
    database: Database, ended: EndedRecordStore, client_id: str
) -> None:
    since = now() - timedelta(hours=1)
    just, long_before, later = add_ended(
        database, client_id, since - CLOCKS_AGREE_WITHIN, since - 1.1 * CLOCKS_AGREE_WITHIN, since + timedelta(hours=2)
    )
    (living,) = add_ended(database, client_id, now(), expires_at=now() - 0.9 * CLOCKS_AGREE_WITHIN)
    (expired,) = add_ended(database, client_id, now(), expires_at=now() - 1.1 * CLOCKS_AGREE_WITHIN)
    found = {record.id for record in chain(*ended.grants(since))}
    assert found & {just, long_before, later, living, expired} == {just, later, living}


def test_a_token_that_was_revoked_alone_is_kept_once_until_it_has_expired(
    database: Database, ended: EndedRecordStore
) -> None:
    def token(digest: str, expires_at: datetime, client_id: str = "app") -> RevokedAccessToken:
        names = {"grant_id": new_grant_id(), "client_id": client_id, "subject": "mo"}
        return RevokedAccessToken(digest=digest, audience=("a",), expires_at=expires_at, **names)

    living, expired = new_grant_id(), [new_grant_id() for _ in range(7)]
    for _ in range(2):
        ended.add_access_token(token(living, now() + timedelta(minutes=1)))
    ended.add_access_token(token(living, now() - timedelta(days=1), "another client, of the same token"))
    for digest in expired:
        ended.add_access_token(token(digest, now() - timedelta(days=1)))
    ended.remove_expired()
    with database.reading() as session:
        assert [session.get(RevokedAccessToken, (digest, "app")) for digest in expired] == [None] * 7
    found = [each.digest for each in chain(*ended.access_tokens(now()))]
    assert [found.count(digest) for digest in (living, *expired)] == [1, *[0] * 7]
