"""The authorization server behind HAProxy while it is restarted and reloaded again and again: no request may fail."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.properties.live import basic
from tests.support.gunicorn_stack import SECRET, GunicornStack, run_gunicorn_stack
from tests.support.polling import eventually
from tests.support.reverse_proxies import HAPROXY, NAMES, SERVERS, ReverseProxy, reverse_proxy
from tests.support.servers import free_port, redis_server, running_redis

pytestmark = [
    pytest.mark.torture,
    pytest.mark.timeout(3_600),
    pytest.mark.skipif(HAPROXY.path is None or redis_server() is None, reason="needs HAProxy and redis-server"),
]

TIMES = 20
CALLERS = 6
NOTICED_WITHIN = 3
"""Seconds: HAProxy asks each second, and twice before it leaves a replica."""


class Load:
    """Requests without a pause, on kept connections and on new ones, and what became of them."""

    def __init__(self, proxy: ReverseProxy, token: str) -> None:
        self.outcomes: Counter[tuple[str, object]] = Counter()
        self.slowest = 0.0
        self._proxy = proxy
        self._form = f"token={token}".encode()
        self._over = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._call, args=(number % 2 == 0,)) for number in range(CALLERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()
            print(f"{dict(self.outcomes)}, the slowest took {self.slowest:.2f} s")

    def hold(self) -> None:
        """See that all went well."""
        assert set(self.outcomes) == {("POST", (200, True)), ("GET", 200)}, self.outcomes

    def _call(self, keeps: bool) -> None:
        while not self._over.is_set():
            try:
                with self._proxy.connection() as connection:
                    for _ in range(200 if keeps else 1):
                        self._count("POST", self._introspect, connection)
                        self._count("GET", self._keys, connection)
                        if self._over.wait(0.01):
                            break
            except OSError as error:
                self.outcomes["CONNECT", repr(error)] += 1

    def _count(self, method: str, ask: object, connection: http.client.HTTPConnection) -> None:
        began = time.monotonic()
        try:
            outcome = ask(connection)  # type: ignore[operator]
        except (OSError, http.client.HTTPException) as error:
            self.outcomes[method, repr(error)] += 1
            raise ConnectionError from error
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.outcomes[method, outcome] += 1

    def _introspect(self, connection: http.client.HTTPConnection) -> object:
        headers = {"Authorization": basic("moogle-fit", SECRET), "Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/introspect", self._form, headers)
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, b'"active":true' in body.replace(b" ", b"")

    def _keys(self, connection: http.client.HTTPConnection) -> object:
        connection.request("GET", "/jwks")
        answer = connection.getresponse()
        answer.read()
        return answer.status


@contextmanager
def replica(folder: Path, drain_time: int) -> Iterator[GunicornStack]:
    environment = {
        "AUTH_TRUSTED_HOSTS": f"127.0.0.1,{NAMES[0]}",
        "AUTH_DRAIN_TIME": str(drain_time),
        "AUTH_ACCESS_TOKEN_LIFETIME": "3600",
    }
    with running_redis() as redis, run_gunicorn_stack(folder, redis.url, "-w", "2", **environment) as stack:
        yield stack


def test_rolling_restarts_of_two_replicas_lose_no_request(tmp_path: Path) -> None:
    with replica(tmp_path, NOTICED_WITHIN) as stack, stack.process.replica(free_port()) as other:
        other.wait_until_ready()
        servers = {**dict.fromkeys(SERVERS, f"127.0.0.1:{stack.port}"), "AUTH_2": f"127.0.0.1:{other.port}"}
        with reverse_proxy(HAPROXY, servers) as proxy:
            load = Load(proxy, stack.tokens()["access_token"])
            with load.running():
                for _ in range(TIMES):
                    for process in (stack.process, other):
                        process.stop()
                        process.start()
                        process.wait_until_ready()
                        time.sleep(NOTICED_WITHIN)
        load.hold()


@pytest.mark.parametrize("hurried", [False, True], ids=["one after the other", "all at once"])
def test_reloads_lose_no_request(tmp_path: Path, hurried: bool) -> None:
    log = tmp_path / "auth.log"
    with replica(tmp_path, 0) as stack:
        with reverse_proxy(HAPROXY, dict.fromkeys(SERVERS, f"127.0.0.1:{stack.port}")) as proxy:
            load = Load(proxy, stack.tokens()["access_token"])
            with load.running():
                for number in range(1, TIMES + 1):
                    stack.process.reload()
                    if not hurried or number == TIMES:
                        eventually(lambda number=number: was_reloaded(stack, log, number), 900)  # type: ignore[misc]
                    time.sleep(0.2)
        load.hold()


def was_reloaded(stack: GunicornStack, log: Path, times: int) -> bool:
    """Whether so many reloads are over, each of which started two workers."""
    return log.read_text().count("Booting worker") == 2 * (times + 1) and len(stack.process.workers()) == 2
