"""One use means one use: parallel uses of one credential, at two gunicorn workers on a real Redis."""

import http.client
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import pytest

from tests.support.gunicorn_stack import Answer, GunicornStack, run_gunicorn_stack
from tests.support.volumes import Volume

AT_ONCE = 8
INVALID_GRANT = (400, "invalid_grant")

pytestmark = pytest.mark.timeout(400)


class Racers:
    """Kept connections, half of them to each worker, that all send at the same moment."""

    def __init__(self, stack: GunicornStack, connections: list[http.client.HTTPConnection]) -> None:
        self._stack = stack
        self._connections = connections
        self._pool = ThreadPoolExecutor(len(connections))
        self._barrier = Barrier(len(connections))
        self.statuses: Counter[tuple[int, str | None]] = Counter()
        self.workers: set[str] = set()

    def race(self, form: dict[str, str], key: str | None = None) -> list[Answer]:
        return self.together([("/token", form)] * len(self._connections), key)

    def together(self, requests: list[tuple[str, dict[str, str]]], key: str | None = None) -> list[Answer]:
        def send(connection: http.client.HTTPConnection, request: tuple[str, dict[str, str]]) -> Answer:
            self._barrier.wait(60)
            return self._stack.ask(connection, *request, key)

        answers = list(self._pool.map(send, self._connections, requests))
        self.statuses.update(answer.kind for answer in answers)
        self.workers |= {answer.worker for answer in answers}
        return answers


@pytest.fixture(scope="module")
def stack(real_redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GunicornStack]:
    folder: Path = tmp_path_factory.mktemp("gunicorn")
    with run_gunicorn_stack(folder, real_redis_url, "--preload") as running:
        yield running


@pytest.fixture
def racers(stack: GunicornStack) -> Iterator[Racers]:
    """As many connections as it takes to have both workers in the race, also on a machine that is busy elsewhere."""
    half, by_worker = AT_ONCE // 2, dict[str, list[http.client.HTTPConnection]]()
    deadline = time.monotonic() + 60
    with ExitStack() as kept:
        while sorted(map(len, by_worker.values())) != [half, half]:
            assert time.monotonic() < deadline, "one of the workers answers nothing"
            connection = kept.enter_context(stack.connection())
            group = by_worker.setdefault(stack.ask(connection, "/introspect", {"token": "x"}).worker, [])
            group.append(connection) if len(group) < half else connection.close()
        yield Racers(stack, [connection for group in by_worker.values() for connection in group])


def is_active(stack: GunicornStack, token: str) -> bool:
    with stack.connection() as connection:
        return bool(stack.ask(connection, "/introspect", {"token": token}).body["active"])


def refresh(token: str) -> dict[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": token}


@pytest.mark.clause("RFC 9700 §4.14.2", line=21)
@pytest.mark.volume("refresh tokens")
def test_of_parallel_uses_of_a_refresh_token_exactly_one_succeeds_and_then_the_grant_is_dead(
    stack: GunicornStack, racers: Racers, volume: Volume
) -> None:
    for _ in range(volume.asked):
        volume.done += 1
        answers = racers.race(refresh(stack.tokens()["refresh_token"]))
        [winner] = [answer.body for answer in answers if answer.status == 200]
        assert not is_active(stack, winner["access_token"])
    assert racers.statuses == {(200, None): volume.asked, INVALID_GRANT: volume.asked * (AT_ONCE - 1)}
    assert len(racers.workers) == 2


@pytest.mark.clause("RFC 6749 §4.1.2", line=21)
@pytest.mark.volume("codes")
def test_of_parallel_uses_of_a_code_exactly_one_succeeds_and_then_the_grant_is_dead(
    stack: GunicornStack, racers: Racers, volume: Volume
) -> None:
    for _ in range(volume.asked):
        volume.done += 1
        answers = racers.race(stack.code())
        [winner] = [answer.body for answer in answers if answer.status == 200]
        assert not is_active(stack, winner["access_token"])
    assert racers.statuses == {(200, None): volume.asked, INVALID_GRANT: volume.asked * (AT_ONCE - 1)}
    assert len(racers.workers) == 2


@pytest.mark.clause("RFC 8628 §3.4")
@pytest.mark.volume("device codes")
def test_of_parallel_polls_with_an_allowed_device_code_exactly_one_succeeds_and_then_the_grant_is_dead(
    stack: GunicornStack, racers: Racers, volume: Volume
) -> None:
    for _ in range(volume.asked):
        volume.done += 1
        answers = racers.race(stack.device_code())
        [winner] = [answer.body for answer in answers if answer.status == 200]
        assert not is_active(stack, winner["access_token"])
    assert racers.statuses == {(200, None): volume.asked, INVALID_GRANT: volume.asked * (AT_ONCE - 1)}
    assert len(racers.workers) == 2


@pytest.mark.clause("RFC 6749 §6")
def test_one_after_the_other_a_grant_is_refreshed_as_often_as_one_likes(stack: GunicornStack) -> None:
    tokens = stack.tokens()
    for _ in range(10):
        with stack.connection() as connection:
            answer = stack.ask(connection, "/token", refresh(tokens["refresh_token"]))
        assert answer.status == 200
        tokens = answer.body
    assert is_active(stack, tokens["access_token"])


@pytest.mark.clause("draft-ietf-httpapi-idempotency-key-header-07 §2.6")
@pytest.mark.volume("repetitions")
def test_parallel_uses_with_one_idempotency_key_all_get_one_identical_pair(
    stack: GunicornStack, racers: Racers, volume: Volume
) -> None:
    for number in range(volume.asked):
        volume.done += 1
        answers = racers.race(refresh(stack.tokens()["refresh_token"]), key=f"the-key-of-round-{number:04}")
        pairs = {(answer.body["access_token"], answer.body["refresh_token"]) for answer in answers}
        assert len(pairs) == 1
        assert is_active(stack, pairs.pop()[0])
    assert racers.statuses == {(200, None): volume.asked * AT_ONCE}
    assert len(racers.workers) == 2


@pytest.mark.volume("interleavings")
@pytest.mark.clause("RFC 7009 §2.1")
def test_nothing_survives_that_was_got_by_refreshes_beside_an_end_of_the_grant(
    stack: GunicornStack, racers: Racers, volume: Volume
) -> None:
    """Who repeats a refresh with its key gets the pair again, before or after the end."""
    for number in range(volume.asked):
        pair = stack.tokens()
        requests = [("/token", refresh(pair["refresh_token"]))] * AT_ONCE
        requests[number % AT_ONCE] = ("/revoke", {"token": pair["refresh_token"]})
        answers = racers.together(requests, key=f"the-key-of-interleaving-{number:05}")
        got = {answer.body["access_token"] for answer in answers if "access_token" in answer.body}
        assert [token for token in (pair["access_token"], *got) if is_active(stack, token)] == []
        volume.done += 1
    assert set(racers.statuses) <= {(200, None), INVALID_GRANT}
    assert len(racers.workers) == 2
