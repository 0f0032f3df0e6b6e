"""The contract of both encodings at one Redis: an update, the setting, and a way back, while tokens are used."""

import random
from dataclasses import replace

import pytest

from auth_service.crypto.token_handle import TokenKind
from auth_service.models.authentication import PASSWORD
from auth_service.models.ending import NarrowedGrant
from auth_service.models.tokens import AccessTokenClaims, CodeGrant, Issued, NotRotated, Replayed, Retry
from auth_service.storage.exchanged_tokens import ExchangedTokenStore
from auth_service.storage.grant_encoding import GRANT_FIELDS
from auth_service.storage.grant_keys import GrantKeys
from auth_service.storage.redis_connection import RedisClients
from tests.storage.conftest import LOG_LIFETIME
from tests.storage.holder import AUDIENCE, KEYS, Holder, grant_key, is_pair, log_of, stores
from tests.support.told_redis import SHARDS

CHANGES = pytest.mark.parametrize(("before", "after"), [(False, True), (True, False)], ids=["on", "off"])


def switch(clients: RedisClients, holder: Holder, *, compact: bool) -> None:
    """From now on the grant is used by processes with this setting."""
    holder.store, holder.ends = stores(clients, SHARDS, LOG_LIFETIME, compact=compact)


def new_holder(clients: RedisClients, *, compact: bool) -> Holder:
    return Holder(*stores(clients, SHARDS, LOG_LIFETIME, compact=compact), KEYS)


@CHANGES
def test_a_grant_goes_on_and_takes_the_other_encoding_with_its_next_rotation(
    clients: RedisClients, *, before: bool, after: bool
) -> None:
    holder = new_holder(clients, compact=before)
    first = holder.connect(network="192.0.2.0/24", program="okhttp")
    second = holder.spend(first.refresh, scope="read", network="192.0.2.0/24", program="okhttp")
    switch(clients, holder, compact=after)
    assert holder.is_active(first.access)
    read = holder.store.find_access_token(second.access)
    assert read is not None
    assert read.claims == AccessTokenClaims("app", "mo", "mo's name", AUDIENCE, "read")
    third = holder.spend(second.refresh, program="curl")
    assert isinstance(third.outcome, Issued)
    assert clients.reads.type(grant_key(clients, holder)) == ("string" if after else "hash")
    assert [holder.is_active(each.access) for each in (first, second, third)] == [True, True, True]
    assert holder.store.find_access_token(second.access) == read
    assert holder.spend(first.refresh).outcome is NotRotated.REUSED
    assert [holder.is_active(each.access) for each in (first, second, third)] == [False, False, False]


def test_uses_from_before_a_grant_is_compact_are_told_with_those_after(clients: RedisClients) -> None:
    holder = new_holder(clients, compact=False)
    spent = holder.spend(holder.connect(program="okhttp").refresh, program="okhttp")
    switch(clients, holder, compact=True)
    holder.idle_lifetime *= 2
    holder.spend(holder.spend(spent.refresh, program="okhttp").refresh, program="curl")
    key = grant_key(clients, holder)
    assert clients.reads.pexpiretime(key.replace("grant:", "uses:")) == clients.reads.pexpiretime(key)
    uses = holder.store.uses(holder.grant_id)
    assert [(use.generation, use.program) for use in uses] == [(0, "okhttp"), (1, "okhttp"), (2, "okhttp"), (3, "curl")]


def test_uses_keep_their_numbers_also_around_a_time_as_a_hash(clients: RedisClients) -> None:
    holder = new_holder(clients, compact=True)
    spent = holder.spend(holder.connect(program="okhttp").refresh, program="okhttp")
    for compact in (False, True, True):
        switch(clients, holder, compact=compact)
        spent = holder.spend(spent.refresh, program="okhttp")
    assert [use.generation for use in holder.store.uses(holder.grant_id)][-2:] == [3, 4]


def test_a_token_for_nobody_is_not_for_those_that_its_grant_is_for(clients: RedisClients) -> None:
    for compact in (True, False):
        holder = new_holder(clients, compact=compact)
        holder.audience = ()
        found = holder.store.find_access_token(holder.connect().access)
        assert found is not None
        assert found.claims.aud == ()


@CHANGES
@pytest.mark.parametrize("retry", [Retry.UNPROVEN, Retry.PROVEN])
def test_a_lost_answer_is_given_again_also_by_a_process_with_the_other_setting(
    clients: RedisClients, retry: Retry, *, before: bool, after: bool
) -> None:
    holder = new_holder(clients, compact=before)
    first = holder.connect()
    second = holder.spend(first.refresh, retry=retry)
    switch(clients, holder, compact=after)
    again = holder.spend(first.refresh, retry=retry).outcome
    assert isinstance(again, Replayed)
    assert is_pair(again, second)
    assert holder.is_active(second.access)
    late = holder.spend(first.refresh, retry=Retry.UNPROVEN).outcome
    assert late is NotRotated.TOO_SOON


@CHANGES
def test_an_idempotency_key_is_known_also_to_a_process_with_the_other_setting(
    clients: RedisClients, *, before: bool, after: bool
) -> None:
    holder = new_holder(clients, compact=before)
    spent = holder.connect(key="k" * 43, parameters="p" * 43)
    switch(clients, holder, compact=after)
    again = holder.spend(holder.code, key="k" * 43, parameters="p" * 43).outcome
    assert isinstance(again, Replayed)
    assert is_pair(again, spent)
    assert holder.spend(holder.code, key="k" * 43, parameters="q" * 43).outcome is NotRotated.KEY_MISUSED


@CHANGES
def test_what_is_taken_is_taken_from_tokens_in_both_encodings(
    clients: RedisClients, *, before: bool, after: bool
) -> None:
    holder = new_holder(clients, compact=before)
    first = holder.connect()
    switch(clients, holder, compact=after)
    second = holder.spend(first.refresh)
    switch(clients, holder, compact=before)
    holder.ends.narrow_grants([NarrowedGrant(holder.grant_id, ("read",), AUDIENCE)])
    for spent in (first, second):
        found = holder.store.find_access_token(spent.access)
        assert found is not None
        assert found.claims.scope == "read"
    holder.revoke_access_token(first.access, client_id="another app")  # which is told, but ends nothing of this app
    assert [holder.is_active(each.access) for each in (first, second)] == [True, True]
    holder.revoke_access_token(first.access)
    assert [holder.is_active(each.access) for each in (first, second)] == [False, True]
    holder.revoke()
    assert not holder.is_active(second.access)


def test_a_name_with_any_character_comes_back_as_it_was(clients: RedisClients) -> None:
    """Lines part the fields, so a name that had one in it must not shift what follows."""
    for compact in (True, False):
        holder = new_holder(clients, compact=compact)
        for name in ("mo\nroot", 'm"o\t\\', "Mö 😀", None):
            holder = new_holder(clients, compact=compact)
            holder.name = name
            found = holder.store.find_access_token(holder.connect().access)
            assert found is not None
            assert found.claims == AccessTokenClaims("app", "mo", name, AUDIENCE, "read write")


@pytest.mark.parametrize("nonce", ["a\nb", "a\n", "\n\n", "%0A\n%25 %", "\n" * 40 + "a"], ids=repr)
def test_whatever_nonce_a_client_sends_comes_back_and_stands_for_nothing_else(
    clients: RedisClients, nonce: str, *, compact: bool
) -> None:
    """It is the one value that is kept as it came: else it could give its code another key, or its grant no end."""
    holder = Holder(*stores(clients, SHARDS, LOG_LIFETIME, compact=compact), KEYS, nonce=nonce)
    expected = CodeGrant("app", "http://127.0.0.1/callback", "a challenge", 0, nonce, "", PASSWORD, None)
    assert holder.store.find_code_grant(holder.grant_id) == expected
    spent = holder.connect(key="k" * 43)
    assert holder.store.find_code_grant(holder.grant_id) == expected
    holder.ends.narrow_grants([NarrowedGrant(holder.grant_id, ("read",), AUDIENCE)])
    assert holder.store.find_code_grant(holder.grant_id) == expected
    holder.revoke()
    assert not holder.is_active(spent.access)


def test_a_code_from_before_goes_on_whatever_its_nonce(clients: RedisClients) -> None:
    holder = Holder(*stores(clients, SHARDS, LOG_LIFETIME, compact=False), KEYS, nonce="a\nb%")
    switch(clients, holder, compact=True)
    holder.connect(key="k" * 43)
    found = holder.store.find_code_grant(holder.grant_id)
    assert found is not None
    assert found.nonce == "a\nb%"


def test_a_grant_and_a_token_may_have_lines_that_only_a_later_release_knows(clients: RedisClients) -> None:
    holder = new_holder(clients, compact=True)
    spent = holder.connect()
    grant, (token,) = grant_key(clients, holder), clients.reads.keys(f"at:*:{spent.access.digest}")
    lines = str(clients.reads.get(grant)).split("\n")
    longer = [*lines, *[""] * (len(GRANT_FIELDS) - len(lines)), "later"]
    clients.scripts.set(grant, "\n".join(longer), keepttl=True)
    issued = str(clients.reads.get(token)).split("\n")
    clients.scripts.set(token, "\n".join([*issued, *[""] * (7 - len(issued)), "later"]), keepttl=True)
    assert holder.is_active(spent.access)
    assert isinstance(holder.spend(spent.refresh).outcome, Issued)
    holder.revoke_access_token(spent.access)
    assert not holder.is_active(spent.access)


def test_a_repetition_is_told_that_nothing_is_left_of_a_scope(clients: RedisClients, *, compact: bool) -> None:
    holder = new_holder(clients, compact=compact)
    first = holder.connect()
    spent = holder.spend(first.refresh, key="k" * 43)
    holder.ends.narrow_grants([NarrowedGrant(holder.grant_id, (), ())])
    again = holder.spend(first.refresh, key="k" * 43).outcome
    assert isinstance(again, Replayed)
    assert is_pair(again, spent)
    assert not holder.is_active(spent.access)
    holder.revoke()
    assert [entry["aud"] for entry in log_of(clients, holder)] == [" ".join(AUDIENCE), ""]


@CHANGES
def test_a_token_whose_answer_was_lost_is_got_again_also_after_its_grant_took_the_other_encoding(
    clients: RedisClients, *, before: bool, after: bool
) -> None:
    holder = new_holder(clients, compact=before)
    first = holder.connect()
    exchanged = ExchangedTokenStore(clients, GrantKeys(SHARDS), holder.ends)
    got = KEYS.make(TokenKind.ACCESS_TOKEN, holder.grant_id, 1)
    claims = AccessTokenClaims("service", "mo", "mo's name", AUDIENCE, "read", actors=("service",))
    exchanged.issue(first.access, got.digest, claims, 600)
    switch(clients, holder, compact=after)
    holder.spend(first.refresh)
    assert isinstance(exchanged.issue(first.access, got.digest, claims, 600), Issued)
    found = holder.store.find_access_token(got)
    assert found is not None
    assert found.claims == claims


@pytest.mark.parametrize("seed", range(2))
def test_whatever_order_processes_with_either_setting_come_in_a_grant_behaves_alike(
    clients: RedisClients, seed: int
) -> None:
    """Two grants go the same way, one of them through both settings in turns; every outcome is the same."""
    choose = random.Random(seed)
    mixed, plain = (new_holder(clients, compact=compact) for compact in (seed % 2 == 0, False))
    lines = [[each.connect()] for each in (mixed, plain)]
    for _ in range(15):
        switch(clients, mixed, compact=choose.random() < 0.5)
        back, retry = choose.choice((1, 1, 1, 1, 1, 1, 2)), choose.choice(list(Retry))
        looks_first, key = choose.random() < 0.5, choose.choice(("", "", "a key of somebody"))
        results = []
        for holder, line in zip((mixed, plain), lines, strict=True):
            if looks_first:
                holder.is_active(line[-1].access)
            spent = holder.spend(line[-min(back, len(line))].refresh, retry=retry, key=key)
            if isinstance(spent.outcome, Issued) and not isinstance(spent.outcome, Replayed):
                line.append(spent)
            name = spent.outcome.value if isinstance(spent.outcome, NotRotated) else type(spent.outcome).__name__
            results.append((name, [holder.is_active(each.access) for each in line]))
        assert results[0] == results[1]
        if results[0][0] == NotRotated.REUSED:
            return


def test_one_grants_compact_token_is_not_anothers(clients: RedisClients) -> None:
    spent, other = new_holder(clients, compact=True).connect(), new_holder(clients, compact=True)
    assert other.store.find_access_token(replace(spent.access, grant_id=other.grant_id)) is None
