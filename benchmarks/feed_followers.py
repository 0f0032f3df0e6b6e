"""What followers of the revocation feed cost one process: those of the kit, while grants end."""

import secrets
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace

from auth_service.crypto.token_handle import new_grant_id
from auth_service.models.ending import EndedGrant
from auth_service.models.tokens import RevokedBecause
from benchmarks.prepared import RESOURCE, SECRET, PreparedServer
from benchmarks.processes import cpu_seconds, family
from shared.resource_server.back_channel import BackChannel
from shared.resource_server.memory.validation_cache import ValidationCache
from shared.resource_server.revocation_feed.follower import FeedFollower

TITLE = "Followers of the revocation feed"
_FOLLOWERS, _ENDS_PER_SECOND = (6, 24, 48), (0, 10, 100)
_WARMING, _GIVE_UP = 2.0, 10.0
_HALF = 50.0


class _Heard(ValidationCache):
    """A process's memory, which also notes what it was told to forget."""

    def __init__(self) -> None:
        self.ended: set[str] = set()
        self.lapses = -1
        """How often a proof came after the one before had expired. The first one doesn't count."""
        super().__init__(follows_feed=True)

    def forget(self, ended: Set[str], narrowed: Mapping[str, frozenset[str]] | None = None) -> None:
        self.ended |= ended
        super().forget(ended, narrowed or {})

    def prove(self, sent_at: float) -> None:
        self.lapses += not self.is_proven()
        super().prove(sent_at)


class _Followers:
    """So many, each as it were in a process of its own: with its own memory and connection."""

    def __init__(self, server: PreparedServer, count: int) -> None:
        self.outcomes: Counter[str] = Counter()
        self.caches = [_Heard() for _ in range(count)]
        self._followers = [
            FeedFollower(BackChannel(server.url, "moogle-fit", SECRET), cache, self._observe, lambda _: None)
            for cache in self.caches
        ]

    @contextmanager
    def following(self) -> Iterator[None]:
        for follower in self._followers:
            follower.follow()
        try:
            yield
        finally:
            for follower in self._followers:
                follower.close()

    def check(self, ended: Set[str]) -> None:
        """Raise ValueError unless all have heard of each end, and every poll was answered."""
        deadline = time.monotonic() + _GIVE_UP
        while not all(ended <= cache.ended for cache in self.caches):
            if time.monotonic() > deadline:
                raise ValueError("not all have heard of each end")
            time.sleep(0.05)
        if self.outcomes["feed_failure"] or self.outcomes["feed_reset"] != len(self.caches):
            raise ValueError(f"not every poll was answered: {dict(self.outcomes)}")

    def _observe(self, outcome: str) -> None:
        self.outcomes[outcome] += 1


@dataclass(frozen=True, slots=True)
class _Cost:
    followers: int
    ends: int
    """In a second."""
    polls: float
    """Of each follower in a second."""
    busy: float
    """Per cent of a core of the service."""
    redis_busy: float
    lapses: int

    def line(self) -> str:
        each = self.busy / self.followers
        per_poll = self.busy * 1e4 / (self.polls * self.followers)
        figures = (
            f"{self.polls:.1f}",
            f"{per_poll:,.0f}",
            f"{self.busy:.1f} %",
            f"{self.redis_busy:.1f} %",
            str(self.lapses),
        )
        return f"| {' | '.join([str(self.followers), str(self.ends), *figures, f'{_HALF / each:,.0f}'])} |"


def measure(server: PreparedServer, seconds: float) -> str:
    """The text of the section; each figure is of so many seconds."""
    time.sleep(seconds)
    alone, redis_alone = _busy(server, seconds)
    costs = []
    for followers in _FOLLOWERS:
        for ends in _ENDS_PER_SECOND:
            print(f"{followers} followers, {ends} ends per second", flush=True)
            cost = _follow(server, followers, ends, seconds)
            more, redis_more = max(cost.busy - alone, 0.001), max(cost.redis_busy - redis_alone, 0.0)
            costs.append(replace(cost, busy=more, redis_busy=redis_more))
    intro = (
        f"One process with `AUTH_WAITING_POLLS={server.parts.settings.waiting_polls}`, {seconds:.0f} s each; per cent "
        "are of one core, without what service and Redis do when nobody follows. The followers share one process here, "
        "which with many polls is slower than the service. Every follower heard of each end; a lapse is a moment in "
        "which one could not use its memory. The last column is how many of the same mix keep half a core busy."
    )
    lines = [
        intro,
        "",
        "| Followers | ends/s | polls/s of each | µs per poll | service | Redis | lapses | in half a core |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    return "\n".join([*lines, *(cost.line() for cost in costs)])


def _follow(server: PreparedServer, count: int, ends: int, seconds: float) -> _Cost:
    followers = _Followers(server, count)
    with followers.following():
        time.sleep(_WARMING)
        before, ended = followers.outcomes["feed_poll"], set[str]()
        busy, redis_busy = _busy(server, seconds, ends, ended)
        polls = (followers.outcomes["feed_poll"] - before) / count / seconds
        followers.check(ended)
    return _Cost(count, ends, polls, busy, redis_busy, sum(cache.lapses for cache in followers.caches))


def _busy(server: PreparedServer, seconds: float, ends: int = 0, ended: set[str] | None = None) -> tuple[float, float]:
    """Per cent of a core that the service and Redis spend meanwhile. `ended` takes the grants that end."""
    processes = (family(server.pid), family(server.redis_pid))
    before, began = [cpu_seconds(each) for each in processes], time.monotonic()
    for number in range(int(ends * seconds)):
        time.sleep(max(0.0, began + number / ends - time.monotonic()))
        grant_id = new_grant_id()
        gone = EndedGrant(grant_id, server.client.client_id, secrets.token_hex(8), (RESOURCE,), RevokedBecause.CLIENT)
        server.parts.ends.revoke_grants([gone])
        if ended is not None:
            ended.add(grant_id)
    time.sleep(max(0.0, began + seconds - time.monotonic()))
    took = time.monotonic() - began
    after = [cpu_seconds(each) for each in processes]
    service, redis = (100 * (late - early) / took for early, late in zip(before, after, strict=True))
    return service, redis
