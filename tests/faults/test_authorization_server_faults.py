"""The authorization server and its Redis are killed and restarted under load: what was revoked is out after three
seconds all the same, no good token is refused, and afterwards memory serves again.
"""

import http.client
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.house import House, Load
from tests.support.callers import Callers, anyhow, from_memory, refused
from tests.support.polling import eventually

READING_FEED, READING_TOKEN = "answer to revocations", "answer to introspect"

pytestmark = pytest.mark.timeout(400)


def test_it_is_killed_between_reading_and_answering(house: House, load: Load) -> None:
    unknown = house.stack.tokens()["access_token"]

    with ThreadPoolExecutor(1) as pool:
        with house.failpoints.holding(READING_FEED, READING_TOKEN):
            used = pool.submit(house.service.call_once, unknown)
            eventually(lambda: house.failpoints.is_reached(READING_TOKEN))
            for token in (*load.doomed, unknown):
                load.revoke(token)
            eventually(lambda: house.failpoints.is_reached(READING_FEED))
            house.stack.process.kill()
        assert used.result().status == 503
    load.wait_until_long_revoked()
    house.start_authorization_server()
    settled = load.recover()
    load.assert_all_was_well(settled)
    assert house.service.call_once(unknown).status == 401


@pytest.mark.parametrize("place", ["before the revoking script", "after the revoking script"])
def test_it_is_killed_while_it_revokes_and_what_sql_says_comes_true(house: House, load: Load, place: str) -> None:
    granted = house.stack.tokens()
    with Callers.calling(house.service, [granted["access_token"]], {}) as others:
        others.wait_until(from_memory, [granted["access_token"]], since=0.0)
        house.failpoints.kill_next_at(place)
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            revoke_again_and_again(house, granted["refresh_token"])
        others.wait_until(refused, [granted["access_token"]], since=0.0)
    assert load.callers.record.statuses(load.good + load.doomed) <= {200, 503}
    load.callers.wait_until(from_memory, load.good + load.doomed, since=time.monotonic())


def revoke_again_and_again(house: House, token: str) -> None:
    """Where more is asked than can be answered, somebody is told 503, and nothing is begun."""
    for _ in range(100):
        house.stack.revoke(token)


def test_it_is_restarted(house: House, load: Load) -> None:
    for token in load.doomed:
        load.revoke(token)
    house.stack.process.stop()
    house.start_authorization_server()
    load.assert_all_was_well(load.recover())


def test_redis_is_killed_and_started_with_its_data(house: House, load: Load) -> None:
    for token in load.doomed:
        load.revoke(token)
    house.redis.kill()
    with house.stack.connection() as connection:
        assert house.stack.ask(connection, "/revoke", {"token": load.good[0]}).status == 503
    load.wait_until_long_revoked()
    house.redis.start()
    load.assert_all_was_well(load.recover())


def test_redis_is_killed_and_started_without_its_data(house: House, load: Load) -> None:
    for token in load.doomed:
        load.revoke(token)
    killed = time.monotonic()
    house.redis.kill()
    load.wait_until_long_revoked()
    house.redis.lose_data()
    house.redis.start()
    load.callers.wait_until(refused, load.good + load.doomed, since=time.monotonic())
    record = load.callers.record
    assert record.accepted_late() == []
    assert record.statuses(load.good, until=killed) == {200}
    settled = time.monotonic()
    with Load.on(house) as new:
        assert new.callers.record.statuses(new.good) <= {200, 503}
        load.callers.wait_until(anyhow, load.good + load.doomed, since=settled)
    assert record.statuses(load.good + load.doomed, since=settled) == {401}
