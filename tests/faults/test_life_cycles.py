"""Nothing is left behind: after two thousand whole lives, Redis is where it began."""

import time
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.support.gunicorn_stack import GunicornStack, run_gunicorn_stack
from tests.support.polling import eventually
from tests.support.servers import real_redis, redis_server

LIVES = 500
LIFETIMES = {
    "AUTH_ACCESS_TOKEN_LIFETIME": "2",
    "AUTH_REFRESH_TOKEN_IDLE_LIFETIME": "3",
    "AUTH_GRANT_LIFETIME": "6",
    "AUTH_REVOCATION_LOG_LIFETIME": "61",
}
OF_THE_PROCESS = {"reconciler-lease", "told"}
"""Keys that are there as long as the service runs; they expire too."""


def live_once(stack: GunicornStack, number: int) -> None:
    """Code, tokens, introspection, sometimes an exchange, refresh, and one of four ends."""
    with stack.connection() as connection:

        def ask(path: str, **form: str) -> dict[str, Any]:
            return stack.ask(connection, path, form).body

        if number % 8 == 7:
            stack.code(lifetime=2)  # never exchanged
            return
        tokens = ask("/token", **stack.code())
        assert ask("/introspect", token=tokens["access_token"])["active"]
        if number % 3 == 0:
            assert ask("/token", **stack.exchange(tokens["access_token"]))["issued_token_type"]
        refreshed = ask("/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"])
        match number % 4:
            case 0:
                ask("/revoke", token=refreshed["refresh_token"])
            case 1:
                assert ask("/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"])["error"]
            case 2:
                ask("/revoke", token=refreshed["access_token"])
            case _:
                pass  # it runs out by itself


def keys_without_an_end(database: "redis.Redis") -> list[Any]:
    keys = list(database.scan_iter(count=1000))
    with database.pipeline(transaction=False) as pipeline:
        for key in keys:
            pipeline.pttl(key)
        ends = pipeline.execute()
    return [key for key, milliseconds in zip(keys, ends, strict=True) if milliseconds == -1]


@pytest.mark.torture
@pytest.mark.timeout(400)
def test_after_five_hundred_lives_redis_is_where_it_began(tmp_path: Path) -> None:
    if redis_server() is None:
        pytest.skip("needs redis-server")
    with real_redis() as url, run_gunicorn_stack(tmp_path, url, **LIFETIMES) as stack:
        database = redis.Redis.from_url(url, decode_responses=True)
        for number in range(LIVES):
            live_once(stack, number)
            if number == LIVES // 2:
                stack.tokens()
                assert len(list(database.scan_iter("grant:*"))) > 0
                assert keys_without_an_end(database) == []
        assert keys_without_an_end(database) == []
        log = "revocations:{0}"
        assert database.xlen(log) > 0
        last_entry = float(database.xinfo_stream(log)["last-generated-id"].split("-")[0]) / 1000
        assert 0 < database.ttl(log) <= 61

        def left() -> set[str]:
            return set(database.scan_iter(count=1000)) - OF_THE_PROCESS

        eventually(lambda: left() <= {log}, within=30)
        eventually(lambda: left() == set(), within=last_entry + 61 - time.time() + 30)
        database.close()
