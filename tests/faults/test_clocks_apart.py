"""Machines of the authorization server whose clocks are an hour apart: Redis' clock alone decides about tokens."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.gunicorn_stack import GunicornStack, run_gunicorn_stack
from tests.support.polling import eventually
from tests.support.servers import free_port

HOUR = 3_600
LIFETIME = 600
WRONG = "tests.support.worker_with_wrong_clock:app"
SLACK = 120
"""Seconds. Between two looks at the same clock lies less, also on a loaded machine, and far less than an hour."""

pytestmark = [pytest.mark.torture, pytest.mark.timeout(300)]


@pytest.fixture(params=[-HOUR, HOUR], ids=["behind", "ahead"])
def off_by(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def right(tmp_path: Path, real_redis_url: str) -> Iterator[GunicornStack]:
    with run_gunicorn_stack(tmp_path, real_redis_url, "-w", "1") as stack:
        yield stack


@pytest.fixture
def wrong(right: GunicornStack, off_by: int) -> Iterator[GunicornStack]:
    """Another process on the same stores; whatever it says of the time is an hour off."""
    with right.process.replica(free_port(), WRONG, TEST_CLOCK_OFF_BY=str(off_by)) as process:
        process.wait_until_ready()
        yield GunicornStack(process, right.parts, right.client, right.account)


def ask(stack: GunicornStack, path: str, form: dict[str, str]) -> tuple[int, dict[str, object]]:
    with stack.connection() as connection:
        answer = stack.ask(connection, path, form)
    return answer.status, answer.body


def refreshed(pair: dict[str, object]) -> dict[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": str(pair["refresh_token"])}


def test_a_token_of_either_is_at_both_what_redis_says_and_lives_as_long(
    right: GunicornStack, wrong: GunicornStack
) -> None:
    for maker in (right, wrong):
        token = {"token": maker.tokens()["access_token"]}
        now = int(right.parts.redis.scripts.time()[0])
        said = [ask(stack, "/introspect", token) for stack in (right, wrong)]
        assert said[0] == said[1]
        status, body = said[0]
        assert (status, body["active"]) == (200, True)
        assert int(str(body["exp"])) - int(str(body["iat"])) == LIFETIME
        assert now - SLACK <= int(str(body["iat"])) <= now


def test_a_refresh_token_works_once_at_whichever_and_its_second_use_ends_the_grant_at_both(
    right: GunicornStack, wrong: GunicornStack
) -> None:
    for first, second in ((right, wrong), (wrong, right)):
        spent = first.tokens()
        status, successor = ask(second, "/token", refreshed(spent))
        assert status == 200
        status, refused = ask(first, "/token", refreshed(spent))
        assert (status, refused["error"]) == (400, "invalid_grant")
        for stack in (right, wrong):
            assert ask(stack, "/introspect", {"token": str(successor["access_token"])}) == (200, {"active": False})


def test_what_either_ends_has_ended_at_both(right: GunicornStack, wrong: GunicornStack) -> None:
    for ending, asked in ((right, wrong), (wrong, right)):
        pair = asked.tokens()
        ending.revoke(pair["refresh_token"])
        assert ask(asked, "/introspect", {"token": pair["access_token"]}) == (200, {"active": False})
        status, refused = ask(asked, "/token", refreshed(pair))
        assert (status, refused["error"]) == (400, "invalid_grant")


def test_a_token_expires_when_redis_says_so(tmp_path: Path, real_redis_url: str, off_by: int) -> None:
    settings = {"AUTH_ACCESS_TOKEN_LIFETIME": "3", "TEST_CLOCK_OFF_BY": str(off_by)}
    with run_gunicorn_stack(tmp_path, real_redis_url, "-w", "1", app=WRONG, **settings) as stack:
        token = {"token": stack.tokens()["access_token"]}
        began = time.monotonic()
        eventually(lambda: ask(stack, "/introspect", token) == (200, {"active": False}))
        assert time.monotonic() - began > 1  # not at once: it lived by Redis' clock
