"""What may be wrong with Redis, of each node where it is a cluster. Samples are bounded: Redis may hold millions."""

import time
from collections.abc import Callable, Iterator

from auth_service.storage.redis_connection import RedisClients
from auth_service.storage.redis_master import NotBelievedError
from auth_service.storage.redis_node import RedisNode
from shared.operations.doctor import Finding
from shared.operations.sql_findings import CLOCKS_AGREE_WITHIN
from shared.service.redis_replay import REMEDY, writes_lost_at_restart

_FULL = 0.8
"""Of `maxmemory`."""
_OURS = ("grant:*", "at:*", "uses:*", "session:*", "sessions-of:*")
_LOOKS, _AT_A_LOOK, _ENOUGH = 10, 1_000, 500
_MEASURED = 100
_LARGE = 16_384
"""Bytes of one grant: ten times what is usual."""
_TOLD_WITHIN, _PAUSE = 3.0, 0.1
"""Seconds."""


def persistence_findings(clients: RedisClients) -> Iterator[Finding]:
    """Whether what was acknowledged is there after a restart."""
    for node, info in _infos(clients):
        if info.get("aof_enabled") != "1":
            yield Finding(
                f"{node.name} keeps no append-only file: a restart signs everybody out",
                "Set `appendonly yes` and `appendfsync always` (docs/operations.md)",
            )
        elif info.get("aof_last_write_status") != "ok":
            yield Finding(f"{node.name} could not write its append-only file", "Look at Redis' log and its disk")
    denied = writes_lost_at_restart(clients.reads)
    if denied:
        yield Finding(f"Redis' default user may not {', '.join(denied)}: a restart drops what we wrote", REMEDY)


def room_findings(clients: RedisClients) -> Iterator[Finding]:
    """What happens when Redis is full, and how soon."""
    for node, info in _infos(clients):
        if info.get("maxmemory_policy") != "noeviction":
            yield Finding(
                f"{node.name} evicts ({info.get('maxmemory_policy')}): grants would end without a reason",
                "Set `maxmemory-policy noeviction`",
            )
        most, used = int(info.get("maxmemory", 0)), int(info.get("used_memory", 0))
        if most and used > _FULL * most:
            yield Finding(
                f"{node.name} holds {100 * used // most} % of its maxmemory", "Raise `maxmemory`, or add memory"
            )


def replica_findings(clients: RedisClients) -> Iterator[Finding]:
    """Whether a replica that takes over may lack what was acknowledged."""
    for node, info in _infos(clients):
        if int(info.get("connected_slaves", 0)) and "min_slaves_good_slaves" not in info:
            yield Finding(
                f"{node.name} has replicas and acknowledges without them: a failover may revive spent tokens",
                "Set `min-replicas-to-write 1` on every Redis that may be master (docs/operations.md)",
            )


def clock_findings(clients: RedisClients) -> Iterator[Finding]:
    """Redis' clock decides how long tokens live, and this machine's when what ended is told again."""
    for node in clients.nodes():
        before = time.time()
        (answered,) = node.ending.ask(("TIME",))
        redis, after = int(answered[0]) + int(answered[1]) / 1_000_000, time.time()
        if not before - CLOCKS_AGREE_WITHIN < redis < after + CLOCKS_AGREE_WITHIN:
            yield Finding(
                f"the clocks of {node.name} and this machine are {abs(redis - before):.0f} s apart", "Run NTP on both"
            )


def expiry_findings(clients: RedisClients) -> Iterator[Finding]:
    """Whether every key of a sample has an end, and how large grants are."""
    for node in clients.nodes():
        for pattern in _OURS:
            keys = _sample(node, pattern)
            if not keys:
                continue
            lives = node.ending.ask(*(("TTL", key) for key in keys))
            endless = [key for key, seconds in zip(keys, lives, strict=True) if seconds == -1]
            if endless:
                yield Finding(
                    f"{len(endless)} of {len(keys)} keys {pattern} of {node.name} never end, {endless[0]} for one",
                    "Nothing of ours writes such keys: find out who does, and delete them",
                )
            if pattern == "grant:*":
                sizes = node.ending.ask(*(("MEMORY", "USAGE", key) for key in keys[:_MEASURED]))
                average = sum(int(size or 0) for size in sizes) // len(sizes)
                if average > _LARGE:
                    yield Finding(
                        f"a grant of {node.name} takes {average:,} bytes, ten times what is usual",
                        "Look which client's scopes or audiences are that long",
                    )


def told_findings(check: Callable[[], object]) -> Iterator[Finding]:
    """Whether the Redis that answers was told of all that has ended, as readiness does `check`."""
    deadline = time.monotonic() + _TOLD_WITHIN
    while True:
        try:
            check()
        except NotBelievedError as error:
            if time.monotonic() > deadline:
                yield Finding(str(error), "Start the service, one process of which tells it; its log may say why not")
                return
            time.sleep(_PAUSE)
        else:
            return


def _infos(clients: RedisClients) -> Iterator[tuple[RedisNode, dict[str, str]]]:
    for node in clients.nodes():
        (info,) = node.ending.ask(("INFO",))
        yield node, dict(line.split(":", 1) for line in str(info).splitlines() if ":" in line)


def _sample(node: RedisNode, pattern: str) -> list[str]:
    cursor, keys = "0", list[str]()
    for _ in range(_LOOKS):
        (answered,) = node.ending.ask(("SCAN", cursor, "MATCH", pattern, "COUNT", _AT_A_LOOK))
        cursor, found = str(answered[0]), answered[1]
        keys += [str(key) for key in found]
        if cursor == "0" or len(keys) >= _ENOUGH:
            break
    return keys[:_ENOUGH]
