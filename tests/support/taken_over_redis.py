"""A Redis at one address, behind which another takes over with older data: a failover that lost some writes."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import redis

from tests.support.proxy import TcpProxy, proxied
from tests.support.servers import RedisServer, redis_server

_OPTIONS = ("--appendonly", "no", "--dbfilename", "dump.rdb")


class TakenOverRedis:
    """`url` leads to the one that answers now."""

    def __init__(self, folder: Path, proxy: TcpProxy, first: RedisServer, running: ExitStack) -> None:
        self.proxy = proxy
        self.url = proxied(first.url, proxy)
        self.answering = first
        self._folder, self._running = folder, running
        self._number = 0

    def remember(self) -> None:
        """The next one will know what this one knows now."""
        with redis.Redis.from_url(self.answering.url) as client:
            client.save()
        self._number += 1
        shutil.copytree(self._folder / str(self._number - 1), self._folder / str(self._number))

    def start_next(self) -> RedisServer:
        """Let the next one run, to which nothing leads yet."""
        server = RedisServer(self._folder / str(self._number), *_OPTIONS)
        server.start()
        self._running.callback(server.kill)
        return server

    def take_over(self, *, keep_open: bool = False) -> None:
        """From now on the next one answers; who is connected to the one before may go on speaking with it."""
        self.answering = self.start_next()
        self.proxy.lead_to(self.answering.url, keep_open=keep_open)

    def client(self) -> "redis.Redis":
        """Of the one that answers now, without a proxy."""
        return redis.Redis.from_url(self.answering.url, decode_responses=True)


@contextmanager
def taken_over_redis() -> Iterator[TakenOverRedis]:
    if redis_server() is None:
        pytest.skip("needs redis-server")
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        (folder / "0").mkdir()
        first = RedisServer(folder / "0", *_OPTIONS)
        first.start()
        running.callback(first.kill)
        proxy = running.enter_context(TcpProxy.to(first.url))
        yield TakenOverRedis(folder, proxy, first, running)
