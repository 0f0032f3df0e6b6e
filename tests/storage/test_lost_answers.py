"""A script whose answer is lost is run once more, and recognises itself."""

import redis

from auth_service.crypto.token_handle import TokenKind, new_grant_id
from auth_service.models.tokens import AccessTokenClaims, Issued, IssuedToClient, NotRotated, Replayed
from auth_service.storage.grant_ends import GrantEnds
from auth_service.storage.grants import GrantStore
from auth_service.storage.redis_connection import RedisClients
from tests.storage.holder import AUDIENCE, KEYS, Holder, is_pair, stores
from tests.support.lossy_redis import LossyRedis
from tests.support.told_redis import SHARDS, connect_told


def stores_behind(lossy: LossyRedis) -> tuple[GrantStore, GrantEnds]:
    return stores(connect_told(lossy.url), SHARDS, 90)


def test_a_rotation_whose_answer_is_lost_happens_once(lossy: LossyRedis) -> None:
    store, ends = stores_behind(lossy)
    holder = Holder(store, ends, KEYS)
    first = holder.connect()
    lossy.lose_answers(1)
    second = holder.spend(first.refresh)
    assert lossy.lost == 1
    assert isinstance(second.outcome, Replayed)
    assert is_pair(second.outcome, second)
    assert holder.is_active(second.access)
    assert type(holder.spend(second.refresh).outcome) is Issued


def test_after_two_lost_answers_the_error_stands_and_nothing_is_ended(lossy: LossyRedis) -> None:
    store, ends = stores_behind(lossy)
    holder = Holder(store, ends, KEYS)
    first = holder.connect()
    lossy.lose_answers(2)
    try:
        holder.spend(first.refresh, key="a key")
    except redis.ConnectionError:
        pass
    else:
        raise AssertionError("the outage was hidden")
    assert lossy.lost == 2
    assert isinstance(holder.spend(first.refresh, key="a key").outcome, Replayed)


def test_a_clients_new_grant_is_told_as_new_until_its_client_was_looked_for_also_when_an_answer_was_lost(
    lossy: LossyRedis,
) -> None:
    store, _ = stores_behind(lossy)
    claims = AccessTokenClaims("app", "app", None, AUDIENCE, "read")
    own_grant_id = new_grant_id()

    def issue() -> IssuedToClient:
        token = KEYS.make(TokenKind.ACCESS_TOKEN, own_grant_id, 0)
        issued = store.issue_client_token(own_grant_id, token.digest, claims, ("read",), AUDIENCE, 0, 600)
        assert issued is not None
        assert store.find_access_token(token) is not None
        return issued

    for _ in range(16):  # a connection to each server
        store.issue_client_token(new_grant_id(), "warm-up", claims, ("read",), AUDIENCE, 0, 600)
    lossy.lose_answers(1)
    first = issue()
    assert lossy.lost == 1
    assert [first.confirmed, issue().confirmed] == [False, False]
    store.confirm_client(own_grant_id, "another birth")
    assert not issue().confirmed
    store.confirm_client(own_grant_id, first.born)
    assert issue().confirmed


def test_a_script_that_redis_has_forgotten_is_sent_again_unnoticed(holder: Holder, clients: RedisClients) -> None:
    clients.scripts.script_flush()
    spent = holder.connect()
    clients.scripts.script_flush()
    holder.revoke()
    clients.scripts.script_flush()
    assert holder.spend(spent.refresh).outcome is NotRotated.GONE
