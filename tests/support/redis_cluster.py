"""A Redis Cluster of real processes, made without redis-cli: masters that share the slots evenly, and replicas."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import redis

from tests.support.polling import eventually
from tests.support.proxy import TcpProxy
from tests.support.servers import RedisServer, free_port

SLOTS = 16_384
_OPTIONS = (
    *("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"),
    *("--cluster-require-full-coverage", "no"),
    *("--repl-diskless-sync-delay", "0"),
)


class RedisCluster:
    """Its nodes, which can be killed and started again, and its slots, which can move."""

    def __init__(self, masters: list[RedisServer], replicas: list[RedisServer]) -> None:
        self.masters, self.replicas = masters, replicas
        self.proxies: list[TcpProxy] = []
        """Where clients are told to find each node, if they are to lose answers."""

    @classmethod
    @contextmanager
    def running(
        cls, *options: str, masters: int = 3, replicas: int = 0, node_timeout: int = 2_000, proxied: bool = False
    ) -> Iterator["RedisCluster"]:
        """Return when every node knows all slots; `options` are the servers', `node_timeout` is in milliseconds."""
        with ExitStack() as running:
            folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
            options = (*_OPTIONS, "--cluster-node-timeout", str(node_timeout), *options)
            servers = [_started(folder / str(number), options, running) for number in range(masters + replicas)]
            cluster = cls(servers[:masters], servers[masters:])
            if proxied:
                cluster.proxies = [running.enter_context(TcpProxy.to(node.url)) for node in cluster.nodes]
                for node, proxy in zip(cluster.nodes, cluster.proxies, strict=True):
                    with client_of(node) as client:
                        client.config_set("cluster-announce-port", proxy.port)
            cluster._form(masters)
            yield cluster

    @property
    def nodes(self) -> list[RedisServer]:
        return [*self.masters, *self.replicas]

    @property
    def url(self) -> str:
        ports = [end.port for end in self.proxies or self.nodes]
        return f"redis+cluster://{','.join(f'127.0.0.1:{port}' for port in ports)}"

    def empty(self) -> None:
        """Forget everything, also with how many shards it was filled."""
        for node in self.masters:
            with client_of(node) as client:
                client.flushall()

    def owner(self, slot: int) -> RedisServer:
        """Who has a slot, by its own word."""
        return next(node for node in self.nodes if node.is_running and slot in slots_of(node))

    def begin_to_move(self, slot: int, target: RedisServer) -> RedisServer:
        """Let keys of a slot go to another master; whose it was."""
        source = self.owner(slot)
        with client_of(source) as giving, client_of(target) as taking:
            taking.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", node_id(source))
            giving.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", node_id(target))
        return source

    def move_keys(self, slot: int, source: RedisServer, target: RedisServer, at_most: int = 1_000_000) -> None:
        """As `redis-cli --cluster reshard` does."""
        with client_of(source) as giving:
            while at_most > 0:
                keys = giving.execute_command("CLUSTER", "GETKEYSINSLOT", slot, min(10, at_most))
                if not keys:
                    return
                giving.execute_command("MIGRATE", "127.0.0.1", target.port, "", 0, 5_000, "KEYS", *keys)
                at_most -= len(keys)

    def finish_moving(self, slot: int, target: RedisServer) -> None:
        """All keys have gone."""
        for node in [target, *(node for node in self.masters if node is not target and node.is_running)]:
            with client_of(node) as client:
                client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", node_id(target))

    def move(self, slot: int, target: RedisServer) -> None:
        """The whole of it."""
        source = self.begin_to_move(slot, target)
        self.move_keys(slot, source, target)
        self.finish_moving(slot, target)

    def _form(self, masters: int) -> None:
        bounds = [SLOTS * number // masters for number in range(masters + 1)]
        for number, node in enumerate(self.nodes):
            with client_of(node) as client:
                client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
                if number < masters:
                    client.execute_command("CLUSTER", "ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1)
                if number:
                    first = self.nodes[0]
                    client.execute_command("CLUSTER", "MEET", "127.0.0.1", first.port, bus_port(first))
        eventually(lambda: all(knows(node, len(self.nodes)) for node in self.nodes), within=30)
        for number, replica in enumerate(self.replicas):
            with client_of(replica) as client:
                client.execute_command("CLUSTER", "REPLICATE", node_id(self.masters[number % masters]))
        eventually(lambda: all(is_connected(replica) for replica in self.replicas), within=30)


def _started(folder: Path, options: tuple[str, ...], running: ExitStack) -> RedisServer:
    folder.mkdir()
    server = RedisServer(folder, *options, "--cluster-port", str(free_port()))
    server.start()
    running.callback(server.kill)
    return server


def client_of(node: RedisServer) -> "redis.Redis":
    """Of this node alone, as it is."""
    return redis.Redis(host="127.0.0.1", port=node.port, decode_responses=True, socket_timeout=2)


def slots_of(node: RedisServer) -> set[int]:
    """Those that a node says are its own."""
    with client_of(node) as client:
        if client.info("replication")["role"] != "master":
            return set()
        ranges = client.execute_command("CLUSTER SLOTS")
    named = ranges if isinstance(ranges, list) else []
    return {slot for start, end, (_, port, *_), *_ in named for slot in range(start, end + 1) if port == node.port}


def node_id(node: RedisServer) -> str:
    with client_of(node) as client:
        return str(client.execute_command("CLUSTER", "MYID"))


def bus_port(node: RedisServer) -> int:
    with client_of(node) as client:
        return int(client.config_get("cluster-port")["cluster-port"])


def knows(node: RedisServer, others: int) -> bool:
    with client_of(node) as client:
        info = client.execute_command("CLUSTER INFO")
    return info["cluster_state"] == "ok" and int(info["cluster_known_nodes"]) == others


def is_connected(replica: RedisServer) -> bool:
    with client_of(replica) as client:
        return client.info("replication").get("master_link_status") == "up"
