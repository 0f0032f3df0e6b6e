"""The contract of GrantStore: tokens that a client gets for itself, and the grant that they have in common."""

import pytest

from auth_service.crypto.token_handle import new_grant_id
from auth_service.models.ending import EndedGrant
from auth_service.models.tokens import RevokedBecause
from auth_service.storage.grant_ends import GrantEnds
from auth_service.storage.grants import GrantStore
from auth_service.storage.redis_connection import RedisClients
from tests.storage.holder import AUDIENCE, own_token


@pytest.mark.clause("RFC 6749 §4.4")
def test_a_clients_own_tokens_share_one_grant_that_lives_as_long_as_the_last(
    store: GrantStore, clients: RedisClients
) -> None:
    grant_id = new_grant_id()
    assert own_token(store, grant_id, 600)[0] is True
    assert own_token(store, grant_id, 30)[0] is False
    (key,) = clients.reads.keys(f"grant:*:{grant_id}")
    assert 500_000 < clients.reads.pttl(key) <= 600_000


def test_ending_a_clients_own_grant_ends_all_its_tokens(store: GrantStore, ends: GrantEnds) -> None:
    grant_id = new_grant_id()
    tokens = [own_token(store, grant_id, 600)[1] for _ in range(3)]
    assert all(store.find_access_token(token) for token in tokens)
    ends.revoke_grants([EndedGrant(grant_id, "app", "app", AUDIENCE, RevokedBecause.CLIENT_DELETED)])
    assert not any(store.find_access_token(token) for token in tokens)
    assert own_token(store, grant_id, 600)[0] is True
    assert not any(store.find_access_token(token) for token in tokens)


def test_a_clients_tokens_from_before_their_grant_had_a_birth_live_and_die_with_it(
    store: GrantStore, ends: GrantEnds, clients: RedisClients
) -> None:
    """As the release before stored them."""
    grant_id = new_grant_id()
    tokens = [own_token(store, grant_id, 600)[1]]
    for key in clients.reads.keys(f"*:{grant_id}*"):
        clients.scripts.hdel(key, "born", "confirmed", "narrowings")
    tokens.append(own_token(store, grant_id, 600)[1])
    assert all(store.find_access_token(token) for token in tokens)
    ends.revoke_grants([EndedGrant(grant_id, "app", "app", AUDIENCE, RevokedBecause.CLIENT_DELETED)])
    tokens.append(own_token(store, grant_id, 600)[1])
    assert [bool(store.find_access_token(token)) for token in tokens] == [False, False, True]


def test_what_the_release_before_issues_during_an_update_is_good_and_ends_with_its_grant(
    store: GrantStore, ends: GrantEnds, clients: RedisClients
) -> None:
    """Its processes know of no births, and use the grants of those that do."""
    grant_id = new_grant_id()
    tokens = [own_token(store, grant_id, 600)[1] for _ in range(3)]
    (grant_key,) = clients.reads.keys(f"grant:*:{grant_id}")
    birth = int(clients.reads.hget(grant_key, "born").partition(".")[0])
    for token, later in zip(tokens, (-1, 0, 1), strict=True):
        (key,) = clients.reads.keys(f"at:*:{token.digest}")
        clients.scripts.hdel(key, "born")
        clients.scripts.hset(key, "issued_at", birth + later)
    assert [bool(store.find_access_token(token)) for token in tokens] == [False, False, True]
    ends.revoke_grants([EndedGrant(grant_id, "app", "app", AUDIENCE, RevokedBecause.CLIENT_DELETED)])
    assert not any(store.find_access_token(token) for token in tokens)
