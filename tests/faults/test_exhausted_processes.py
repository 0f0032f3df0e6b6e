"""A worker of the authorization server that may write no more to its disk, or open nothing more."""

import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

import pytest

from tests.support.gunicorn_stack import GunicornStack, run_gunicorn_stack
from tests.support.polling import eventually
from tests.support.postgresql import end_connections, new_database
from tests.support.sql_load import AUTH_OUTAGE

PAGE = 4_096
"""Bytes: SQLite's log is longer with its first page in it."""


@pytest.fixture
def stack(tmp_path: Path, real_redis_url: str) -> Iterator[GunicornStack]:
    with run_gunicorn_stack(tmp_path, real_redis_url, "-w", "1") as stack:
        yield stack


@contextmanager
def limited(stack: GunicornStack, kind: int, limit: int) -> Iterator[None]:
    """Its one worker has a lower limit of this kind meanwhile, and is the same afterwards."""
    [worker] = stack.process.workers()
    before = resource.prlimit(worker, kind)
    resource.prlimit(worker, kind, (limit, before[1]))
    try:
        yield
    finally:
        resource.prlimit(worker, kind, before)
    assert stack.process.workers() == {worker}


def test_a_full_disk_under_sqlite_lets_tokens_be_refreshed_and_is_an_outage_for_what_writes(
    stack: GunicornStack,
) -> None:
    good, doomed = stack.tokens(), stack.tokens()
    form = {"grant_type": "refresh_token", "refresh_token": good["refresh_token"]}
    end = {"token": doomed["refresh_token"]}
    with stack.connection() as connection:
        with limited(stack, resource.RLIMIT_FSIZE, PAGE):
            refused = stack.ask(connection, "/revoke", end)
            assert (refused.status, refused.body) == (503, AUTH_OUTAGE)
            refreshed = stack.ask(connection, "/token", form)
            assert refreshed.status == 200
            asked = stack.ask(connection, "/introspect", {"token": refreshed.body["access_token"]})
            assert (asked.status, asked.body["active"]) == (200, True)
        eventually(lambda: stack.ask(connection, "/revoke", end).status == 200)
        asked = stack.ask(connection, "/introspect", {"token": doomed["access_token"]})
        assert asked.body == {"active": False}


@pytest.mark.parametrize("lost", ["redis", "postgresql"])
def test_a_worker_without_a_free_descriptor_is_an_outage_for_whom_it_knows_and_lets_others_wait(
    tmp_path: Path, real_redis_url: str, postgresql_server: str, lost: str
) -> None:
    """It lost its connections to one store. Who was connected may be cut off for who comes, which is no answer."""
    url = new_database(postgresql_server, "auth")
    with run_gunicorn_stack(tmp_path, real_redis_url, "-w", "1", AUTH_DATABASE_URL=url) as stack:
        pair, late = stack.tokens(), list[int]()
        form = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}

        def come() -> None:
            with stack.connection() as connection:
                late.append(stack.ask(connection, "/introspect", {"token": pair["access_token"]}).status)

        newcomers = [threading.Thread(target=come, daemon=True) for _ in range(4)]
        with stack.connection() as kept:
            assert stack.ask(kept, "/introspect", {"token": pair["access_token"]}).status == 200
            with limited(stack, resource.RLIMIT_NOFILE, 3):
                if lost == "redis":
                    stack.parts.redis.scripts.client_kill_filter(_type="normal", skipme=True)
                else:
                    end_connections(url)
                for _ in range(3):
                    refused = stack.ask(kept, "/token", form, token_hex(8))
                    assert (refused.status, refused.body) == (503, AUTH_OUTAGE)
                for newcomer in newcomers:
                    newcomer.start()
                assert late == []
        for newcomer in newcomers:
            newcomer.join(60)
        assert len(late) == len(newcomers)
        assert set(late) <= {200, 503}
        with stack.connection() as connection:
            eventually(lambda: stack.ask(connection, "/token", form, "the-same-key-each-time").status == 200)
