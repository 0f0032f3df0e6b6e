"""What followers of the revocation feed cost one process: those of the kit, while grants end."""

import secrets
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from auth_service.crypto.token_handle import new_grant_id
from auth_service.models.ending import EndedGrant
from auth_service.models.tokens import RevokedBecause
from benchmarks.prepared import RESOURCE, SECRET, PreparedServer
from benchmarks.processes import cpu_seconds, family
from shared.resource_server import InvalidTokenError, connect

TITLE = "Followers of the revocation feed"
_FOLLOWERS, _ENDS_PER_SECOND = (6, 24, 48), (0, 10, 100)
_WARMING, _GIVE_UP = 2.0, 10.0
_LOOKS_PER_SECOND = 4
_HALF = 50.0


class _Follower:
    """As it were a process of a resource server, with its own memory and connection."""

    def __init__(self, server: PreparedServer) -> None:
        self.outcomes: Counter[str] = Counter()
        self._validator = connect(
            resource=RESOURCE,
            issuer=server.url,
            client_id="moogle-fit",
            client_secret=SECRET,
            observe=self._observe,
        )

    def call(self, token: str) -> bool:
        """Whether the token is let in."""
        try:
            self._validator.validate(f"Bearer {token}")
        except InvalidTokenError:
            return False
        return True

    def close(self) -> None:
        """Follow no more."""
        self._validator.close()

    def _observe(self, outcome: str) -> None:
        self.outcomes[outcome] += 1


class _Followers:
    """So many, all of which know one token."""

    def __init__(self, server: PreparedServer, count: int) -> None:
        self._server, self.all = server, [_Follower(server) for _ in range(count)]
        self._token = server.tokens(1)[0]["access_token"]

    @contextmanager
    def following(self) -> Iterator[None]:
        """In which they do."""
        self.look()
        try:
            yield
        finally:
            for each in self.all:
                each.close()

    def look(self) -> None:
        """Use the token at each. Raises ValueError where it is refused."""
        if not all(each.call(self._token) for each in self.all):
            raise ValueError("an active token was refused")

    def count(self, outcome: str) -> int:
        """Of all together."""
        return sum(each.outcomes[outcome] for each in self.all)

    def check(self) -> None:
        """Raise ValueError unless every poll was answered, none began anew, and all hear of the token's end."""
        made = self._server.parts.keys.parse(self._token)
        assert made is not None
        self._server.parts.ends.revoke_grants([_ended(self._server, made.grant_id)])
        deadline = time.monotonic() + _GIVE_UP
        while any(each.call(self._token) for each in self.all):
            if time.monotonic() > deadline:
                raise ValueError("not all have heard of an end")
            time.sleep(0.05)
        if self.count("feed_failure") or self.count("feed_reset") != len(self.all):
            raise ValueError("not every poll was answered, or some began anew")


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
    from_memory: float
    """The part of the calls with a known token, in per cent, for which memory could be used."""

    def line(self) -> str:
        each = self.busy / self.followers
        per_poll = self.busy * 1e4 / (self.polls * self.followers)
        figures = (
            f"{self.polls:.1f}",
            f"{per_poll:,.0f}",
            f"{self.busy:.1f} %",
            f"{self.redis_busy:.1f} %",
            f"{self.from_memory:.0f} %",
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
        "which with many polls is slower than the service. None of them missed an end; `from memory` is the part of "
        "calls with a known token that could be decided there. The last column is how many of the same mix keep half a "
        "core busy."
    )
    lines = [
        intro,
        "",
        "| Followers | ends/s | polls/s of each | µs per poll | service | Redis | from memory | in half a core |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    return "\n".join([*lines, *(cost.line() for cost in costs)])


def _follow(server: PreparedServer, count: int, ends: int, seconds: float) -> _Cost:
    followers = _Followers(server, count)
    with followers.following():
        time.sleep(_WARMING)
        polls, hits, doubts = (followers.count(each) for each in ("feed_poll", "hit", "unproven"))
        busy, redis_busy = _busy(server, seconds, ends, followers)
        polls, hits = followers.count("feed_poll") - polls, followers.count("hit") - hits
        doubts = followers.count("unproven") - doubts
        followers.check()
    return _Cost(count, ends, polls / count / seconds, busy, redis_busy, 100 * hits / (hits + doubts))


def _busy(
    server: PreparedServer, seconds: float, ends: int = 0, followers: _Followers | None = None
) -> tuple[float, float]:
    """Per cent of a core that the service and Redis spend meanwhile. The followers use their memory now and then."""
    processes = (family(server.pid), family(server.redis_pid))
    before, began, looked = [cpu_seconds(each) for each in processes], time.monotonic(), 0
    per_second = ends or _LOOKS_PER_SECOND
    for number in range(int(per_second * seconds)):
        time.sleep(max(0.0, began + number / per_second - time.monotonic()))
        if ends:
            server.parts.ends.revoke_grants([_ended(server, new_grant_id())])
        if followers and number * _LOOKS_PER_SECOND >= looked * per_second:
            looked += 1
            followers.look()
    time.sleep(max(0.0, began + seconds - time.monotonic()))
    took = time.monotonic() - began
    after = [cpu_seconds(each) for each in processes]
    service, redis = (100 * (late - early) / took for early, late in zip(before, after, strict=True))
    return service, redis


def _ended(server: PreparedServer, grant_id: str) -> EndedGrant:
    subject = secrets.token_hex(8)
    return EndedGrant(grant_id, server.client.client_id, subject, (RESOURCE,), RevokedBecause.CLIENT)
