"""PostgreSQL's primary goes and its standby takes over while both services are used: an outage, and nothing else.

Each prints how requests ended, and how long it took from the promotion until everything succeeded again.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.support.actions import Actions
from tests.support.polling import eventually
from tests.support.postgresql import postgresql_programs
from tests.support.postgresql_pair import PostgresqlPair
from tests.support.sql_load import SqlLoad
from tests.support.stack import Stack

PROMISED = {
    *((what, status) for what in ("read", "refresh", "introspect", "end") for status in (200, 503)),
    ("write", 201),
    ("write", 503),
}
"""How requests may end. Above all, none is a 4xx, on which apps throw tokens away."""


@pytest.fixture
def pair() -> Iterator[PostgresqlPair]:
    if postgresql_programs() is None:
        pytest.skip("needs PostgreSQL")
    with PostgresqlPair.running() as pair:
        for name in ("auth", "fit"):
            pair.primary.execute(f"CREATE DATABASE {name}")
        yield pair


@contextmanager
def under_load(start_stack: Callable[..., Stack], pair: PostgresqlPair, ends: int) -> Iterator[SqlLoad]:
    """Everything is done before, during and after; then the figures, and what was acknowledged is looked for."""
    stack = start_stack(database_url=pair.url("auth"), fit_database_url=pair.url("fit"))
    with SqlLoad.on(Actions(stack), ends) as load:
        eventually(lambda: load.all_succeed_since(0.0))
        yield load
        ended = len(load.ended)
        eventually(lambda: len(load.ended) > ended)
    print(f"\n{load.histogram()}\n  acknowledged: {len(load.entries)} entries, {len(load.ended)} ends")
    assert set(load.answers) <= PROMISED
    assert load.other_bodies == []
    assert load.lost() == []


def take_over(pair: PostgresqlPair, load: SqlLoad) -> None:
    """Promote the standby, and wait until everything is done again."""
    began = time.monotonic()
    pair.promote()
    promoted = time.monotonic()
    eventually(lambda: load.all_succeed_since(promoted))
    print(f"promoted after {promoted - began:.2f} s, everything was done after {time.monotonic() - began:.2f} s")


def test_a_primary_is_killed_and_its_standby_takes_over(
    start_stack: Callable[..., Stack], pair: PostgresqlPair
) -> None:
    with under_load(start_stack, pair, ends=20) as load:
        pair.primary.kill()
        failed = load.answers["write", 503]
        eventually(lambda: load.answers["write", 503] > failed)
        take_over(pair, load)


@pytest.mark.torture
@pytest.mark.timeout(600)
@pytest.mark.parametrize("how", ["killed", "orderly"])
def test_failovers_there_and_back_again(start_stack: Callable[..., Stack], pair: PostgresqlPair, how: str) -> None:
    with under_load(start_stack, pair, ends=150) as load:
        for _ in range(4):
            time.sleep(3)
            if how == "killed":
                pair.primary.kill()
            else:
                pair.primary.stop("fast")
            time.sleep(2)
            take_over(pair, load)
            pair.join()
