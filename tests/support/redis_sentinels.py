"""A master with a replica, watched by three Sentinels, all real processes."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import redis

from tests.support.polling import eventually
from tests.support.proxy import TcpProxy
from tests.support.servers import RedisServer, free_port, redis_server

SERVICE = "mymaster"
_NEVER = 3_600_000
"""Milliseconds."""


class Sentinels:
    """Three of them, and the pair that they watch."""

    def __init__(self, pair: list[RedisServer], folder: Path) -> None:
        self.pair = pair
        self.ports = [free_port() for _ in range(3)]
        self.proxy: TcpProxy | None = None
        """Where the Sentinels say that the master is, if clients are to lose its answers."""
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []

    @classmethod
    @contextmanager
    def running(cls, *options: str, proxied: bool = False) -> Iterator["Sentinels"]:
        """Return when all know each other and the replica; `options` are the servers'.

        With a proxy in front of the master, the Sentinels ask no more then, so that its answers are those to clients.
        """
        with ExitStack() as running:
            folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
            pair = [_started(folder / name, options, running) for name in ("first", "second")]
            with client_of(pair[1].port) as replica:
                replica.replicaof("127.0.0.1", pair[0].port)
                eventually(lambda: replica.info("replication")["master_link_status"] == "up", within=30)
            sentinels = cls(pair, folder)
            if proxied:
                sentinels.proxy = running.enter_context(TcpProxy.to(pair[0].url))
            running.callback(sentinels.kill)
            for port in sentinels.ports:
                sentinels._start(port)
            eventually(sentinels._know_all, within=30)
            if proxied:
                sentinels._fall_silent()
            yield sentinels

    @property
    def url(self) -> str:
        return f"redis+sentinel://{','.join(f'127.0.0.1:{port}' for port in self.ports)}/{SERVICE}"

    def master(self) -> RedisServer:
        """The one that the first Sentinel names."""
        with client_of(self.ports[0]) as sentinel:
            _, port = sentinel.sentinel_get_master_addr_by_name(SERVICE)
        return next(server for server in self.pair if server.port == port)

    def fail_over(self) -> None:
        """An orderly failover, begun by a Sentinel; the old master goes on answering for some seconds."""
        with client_of(self.ports[0]) as sentinel:
            sentinel.execute_command("SENTINEL", "FAILOVER", SERVICE)

    def kill(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    def _start(self, port: int) -> None:
        program = redis_server()
        assert program is not None, "redis-server is not installed"
        config = self._folder / f"sentinel-{port}.conf"
        watched = f"{SERVICE} 127.0.0.1 {(self.proxy or self.pair[0]).port} 2"
        config.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {self._folder}\nsentinel monitor {watched}\n"
            f"sentinel down-after-milliseconds {SERVICE} 1000\nsentinel failover-timeout {SERVICE} 5000\n"
        )
        self._processes.append(
            subprocess.Popen([program, str(config), "--sentinel"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )

    def _fall_silent(self) -> None:
        for port in self.ports:
            with client_of(port) as sentinel:
                sentinel.execute_command("SENTINEL", "SET", SERVICE, "down-after-milliseconds", _NEVER)
                for period in ("ping-period", "info-period", "publish-period"):
                    sentinel.execute_command("SENTINEL", "DEBUG", period, _NEVER)

    def _know_all(self) -> bool:
        try:
            return all(self._knows_all(port) for port in self.ports)
        except redis.RedisError:
            return False

    def _knows_all(self, port: int) -> bool:
        with client_of(port) as sentinel:
            state = sentinel.sentinel_master(SERVICE)
        return bool(state["num-other-sentinels"] == len(self.ports) - 1 and state["num-slaves"] == 1)


def _started(folder: Path, options: tuple[str, ...], running: ExitStack) -> RedisServer:
    folder.mkdir()
    server = RedisServer(folder, "--repl-diskless-sync-delay", "0", *options)
    server.start()
    running.callback(server.kill)
    return server


def client_of(port: int) -> "redis.Redis":
    """Of this server, or this Sentinel, alone."""
    return redis.Redis(host="127.0.0.1", port=port, decode_responses=True, socket_timeout=2)
