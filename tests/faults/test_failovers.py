"""Redis fails over, loses what it acknowledged last, or is out of reach, under load and with real processes.

A Redis and its replica, the authorization server with two workers, a service with two workers that follows the feed. In
each round the replication stands still for a while, tokens are revoked, and the replica takes over.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from tests.support.callers import Callers, acceptances, from_memory, note_last_acceptance, refused
from tests.support.gunicorn_stack import GunicornStack, run_gunicorn_stack
from tests.support.polling import eventually
from tests.support.protected_service import ProtectedService, run_protected_service
from tests.support.proxy import TcpProxy, proxied
from tests.support.servers import RedisServer, redis_server

INTERVAL = 1.0
ROUNDS, DOOMED = 4, 6

pytestmark = [pytest.mark.torture, pytest.mark.timeout(900)]


@dataclass
class Pair:
    """The Redis that answers at `address`, and its replica behind `link`."""

    address: TcpProxy
    master: RedisServer
    replica: RedisServer
    link: TcpProxy
    folder: Path
    running: ExitStack

    @property
    def url(self) -> str:
        return proxied(self.master.url, self.address)

    def fail_over(self, *, keep_open: bool) -> None:
        """The replica takes over with what it has; the one before may go on speaking with who is connected to it."""
        left, self.master = self.master, self.replica
        with client_of(self.master) as client:
            client.replicaof("NO", "ONE")
        self.address.lead_to(self.master.url, keep_open=keep_open)
        self.running.callback(left.kill)
        self.replica, self.link = start_replica(self.master, self.folder, self.running)


def client_of(server: RedisServer) -> "redis.Redis":
    return redis.Redis.from_url(server.url, decode_responses=True)


def start_redis(folder: Path, running: ExitStack) -> RedisServer:
    place = folder / f"redis-{time.monotonic_ns()}"
    place.mkdir()
    server = RedisServer(place, "--repl-diskless-sync-delay", "0", "--repl-timeout", "3600")
    server.start()
    running.callback(server.kill)
    return server


def start_replica(master: RedisServer, folder: Path, running: ExitStack) -> tuple[RedisServer, TcpProxy]:
    replica, link = start_redis(folder, running), running.enter_context(TcpProxy.to(master.url))
    with client_of(replica) as client:
        client.replicaof("127.0.0.1", link.port)
        eventually(lambda: client.info("replication")["master_link_status"] == "up", within=30)
    return replica, link


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    if redis_server() is None:
        pytest.skip("needs redis-server")
    with ExitStack() as running:
        master = start_redis(tmp_path, running)
        replica, link = start_replica(master, tmp_path, running)
        address = running.enter_context(TcpProxy.to(master.url))
        yield Pair(address, master, replica, link, tmp_path, running)


@contextmanager
def services(pair: Pair, folder: Path, **settings: str) -> Iterator[tuple[GunicornStack, ProtectedService]]:
    with (
        run_gunicorn_stack(folder, pair.url, "--preload", **settings) as stack,
        run_protected_service(folder, stack) as service,
    ):
        yield stack, service


def histogram(ages: list[float], width: float = 0.25) -> str:
    """How many calls were let through so long after the end of their token was acknowledged."""
    counts = Counter(int(age / width) for age in ages)
    return "\n".join(f"  {n * width:5.2f} s {'#' * min(counts[n], 100)} {counts[n]}" for n in sorted(counts))


def test_failovers_that_lose_what_was_acknowledged_let_nothing_through(pair: Pair, tmp_path: Path) -> None:
    revoked: dict[str, float] = {}
    ages: list[float] = []
    with services(pair, tmp_path) as (stack, service):
        for number in range(ROUNDS):
            granted = [stack.tokens() for _ in range(DOOMED)]
            good, doomed = stack.tokens()["access_token"], [each["access_token"] for each in granted]

            def revoke(each: int, granted: list[dict[str, str]] = granted) -> None:
                """A token alone or, by turns, the grant that it came from."""
                stack.revoke(granted[each]["refresh_token" if each % 2 else "access_token"])
                revoked[granted[each]["access_token"]] = time.monotonic()

            with Callers.calling(service, [good, *doomed], revoked, per_worker=4, pause=0.02) as callers:
                callers.wait_until(from_memory, [good, *doomed], since=0.0)
                revoke(0)
                time.sleep(1)  # the replica hears of this one
                pair.link.fall_silent()
                for each in range(1, DOOMED - 1):
                    revoke(each)
                pair.fail_over(keep_open=number % 2 == 0)
                eventually(lambda revoke=revoke: _acknowledged(revoke, DOOMED - 1), within=20)
                time.sleep(max(0.0, max(revoked.values()) + 3.2 - time.monotonic()))
                settled = time.monotonic()
                callers.wait_until(refused, doomed, since=settled)
                callers.wait_until(from_memory, [good], since=settled)
                record = callers.record
                ages += acceptances(record)
                outage = sum(call.status == 503 for call in record.calls)
                print(f"failover {number + 1}: last acceptance {record.last_acceptance():.2f} s, {outage} calls 503")
                note_last_acceptance(record)
                assert record.accepted_late() == []
                assert record.statuses([good]) <= {200, 503}
    print(histogram(ages))


def _acknowledged(revoke: object, each: int) -> bool:
    try:
        revoke(each)  # type: ignore[operator]
    except (AssertionError, OSError):
        return False
    return True


def test_what_ended_while_redis_was_out_of_reach_is_out_when_it_is_back(pair: Pair, tmp_path: Path) -> None:
    took: list[float] = []
    with services(pair, tmp_path, AUTH_RECONCILE_INTERVAL=str(INTERVAL)) as (stack, service):
        for _ in range(ROUNDS):
            granted, good = [stack.tokens() for _ in range(DOOMED)], stack.tokens()["access_token"]
            doomed = [each["access_token"] for each in granted]
            with Callers.calling(service, [good, *doomed], {}, per_worker=4, pause=0.02) as callers:
                callers.wait_until(from_memory, [good, *doomed], since=0.0)
                pair.address.refuse()
                with stack.connection() as connection:
                    for each in granted:
                        answer = stack.ask(connection, "/revoke", {"token": each["refresh_token"]})
                        assert answer.status == 503
                time.sleep(6 * INTERVAL)
                pair.address.recover()
                back = time.monotonic()
                callers.wait_until(refused, doomed, since=back, within=20)
                callers.wait_until(from_memory, [good], since=back)
                let = [
                    call.sent_at - back for call in callers.record.calls if call.status == 200 and call.token in doomed
                ]
                took.append(max([0.0, *let]))
                assert callers.record.statuses([good]) <= {200, 503}
    print("let through after Redis was back:", ", ".join(f"{each:.2f} s" for each in took))
    assert max(took) < INTERVAL + 3
