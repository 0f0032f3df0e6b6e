"""Grants in a Redis Cluster: each shard is one slot, and each master that has shards is a Redis of its own.

What concerns a shard is asked where the whole of it is. While a slot moves key by key (`CLUSTER SETSLOT`, Redis before
8.4), what has moved already is not asked for at its target: nobody could say what that one was told. It is a 503
until the move is over.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import redis
from redis.crc import key_slot
from redis.exceptions import AskError, TryAgainError

from auth_service.storage.redis_exchange import Command, Exchange
from auth_service.storage.redis_node import RedisNode
from shared.redis.address import Place
from shared.redis.cluster_map import ClusterMap, SlotUnservedError
from shared.resource_server.process import reset_after_fork, seconds

_PATIENCE = 0.5
"""Seconds for which a request waits for a shard that is moving; then it gets a 503."""
_PAUSE = 0.02
_KEY_OF_SCRIPT = 3


class ShardMovedError(redis.ConnectionError):
    """A node has other shards than was thought, so it was not asked."""


class ClusterNodes:
    """Which node has which shards, as the map was seen last."""

    def __init__(self, cluster: ClusterMap, shards: int, make: Callable[[Place], RedisNode]) -> None:
        self._cluster = cluster
        self._slots = [key_slot(f"{{{shard}}}".encode()) for shard in range(shards)]
        self._make = make
        self._nodes: dict[Place, RedisNode] = {}
        self._by_shard: tuple[RedisNode | None, ...] = ()
        self.reset()
        reset_after_fork(self)

    def reset(self) -> None:
        """The map has to be looked at."""
        self._version = -1
        self._assigning = threading.Lock()

    def of(self, shard: int) -> RedisNode:
        """Where a shard is. Raises redis.RedisError."""
        if self._version != self._cluster.version or not self._by_shard:
            self._assign()
        node = self._by_shard[shard]
        if node is None:
            raise SlotUnservedError(f"no majority of the cluster's masters names the master of shard {shard}")
        return node

    def all(self) -> list[RedisNode]:
        """Every node that has shards. Raises redis.RedisError."""
        if self._version != self._cluster.version or not self._by_shard:
            self._assign()
        return list(dict.fromkeys(node for node in self._by_shard if node is not None))

    def look(self, since: float) -> None:
        """Look at the map, unless somebody has since. Raises redis.RedisError."""
        self._cluster.look(since)

    def confirm(self, node: RedisNode) -> None:
        """Look whether a node has shards still. Raises redis.RedisError."""
        self.look(seconds())
        self._assign()
        if node not in self._by_shard:
            raise ShardMovedError(f"{node.name} has no shards any more")

    def _assign(self) -> None:
        with self._assigning:
            masters = self._cluster.masters()
            version = self._cluster.version
            if version == self._version:
                return
            shards: dict[Place, list[int]] = {}
            by_shard: list[RedisNode | None] = []
            for shard, slot in enumerate(self._slots):
                try:
                    place = self._cluster.owner(slot)
                except SlotUnservedError:
                    by_shard.append(None)
                    continue
                if place not in self._nodes:
                    self._nodes[place] = self._make(place)
                by_shard.append(self._nodes[place])
                shards.setdefault(place, []).append(shard)
            for place, its in shards.items():
                self._nodes[place].serve(its)
            for place in self._nodes.keys() - masters:
                del self._nodes[place]
            self._by_shard, self._version = tuple(by_shard), version


class ClusterExchange(Exchange):
    """Sends commands on keys of any shards to where these are: together to each node, the nodes one after another.

    What a node doesn't answer doesn't keep the others from being asked; then its failure is raised.
    """

    def __init__(self, nodes: ClusterNodes, *, believed: bool) -> None:
        """`believed`: only of nodes that were told of all that has ended."""
        self._nodes = nodes
        self._believed = believed

    def answers(self, *commands: Command, since: float | None = None) -> list[Any]:
        """The same, with what Redis answers as an error in its place."""
        answers: list[Any] = [None] * len(commands)
        waiting: Sequence[int] = range(len(commands))
        failures: list[redis.RedisError] = []
        deadline = seconds() + _PATIENCE
        while waiting:
            began, elsewhere, by_node = seconds(), list[int](), dict[RedisNode, list[int]]()
            for number in waiting:
                try:
                    by_node.setdefault(self._nodes.of(_shard(commands[number])), []).append(number)
                except SlotUnservedError as failure:
                    failures.append(failure)
            for node, numbers in by_node.items():
                try:
                    found = self._ask(node, [commands[number] for number in numbers], since)
                except ShardMovedError as moved:
                    found = [moved] * len(numbers)
                except redis.RedisError as failure:
                    failures.append(failure)
                    continue
                for number, answer in zip(numbers, found, strict=True):
                    answers[number] = answer
                    if isinstance(answer, (AskError, TryAgainError, ShardMovedError)):  # it was not carried out
                        elsewhere.append(number)
            if elsewhere:
                if began > deadline:
                    failures.append(answers[elsewhere[0]])
                    break
                self._nodes.look(began)
                time.sleep(_PAUSE)
            waiting = elsewhere
        if failures:
            raise failures[0]
        return answers

    def _ask(self, node: RedisNode, commands: Sequence[Command], since: float | None) -> list[Any]:
        if self._believed:
            node.master.believed(since)  # which may look at the map
            exchange = node.believed
        else:
            node.master.present(since)
            exchange = node.ending
        answers: list[Any] = [
            None if self._nodes.of(shard) is node and node.has(shard) else ShardMovedError(f"shard {shard} moves")
            for shard in map(_shard, commands)
        ]
        here = [number for number, answer in enumerate(answers) if answer is None]
        if here:
            found = exchange.answers(*(commands[number] for number in here), since=since)
            for number, answer in zip(here, found, strict=True):
                answers[number] = answer
        return answers


def _shard(command: Command) -> int:
    """Of the key that a command names first: its hash tag."""
    key = str(command[_KEY_OF_SCRIPT if command[0] in {"EVAL", "EVALSHA"} else 1])
    return int(key[key.index("{") + 1 : key.index("}")])
