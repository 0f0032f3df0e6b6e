"""Does a request cost more among a million grants and clients than among a thousand: `python -m benchmarks.scale`.

`python -m benchmarks.scale [smaller larger [rounds]]`; needs wrk, redis-server, two cores and 3 GiB for a million.
"""

import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from auth_service.models.base import now
from auth_service.storage.client_origins import ClientOrigins
from auth_service.storage.ended_records import EndedRecordStore
from auth_service.workers.revocation_reconciler import RevocationReconciler
from benchmarks import report
from benchmarks.load import Round, run_round
from benchmarks.many_grants import Bytes, ManyGrants
from benchmarks.prepared import PreparedServer, prepared_server
from benchmarks.processes import check_tools

TITLE = "Many grants"
_PORT, _REDIS_PORT = 18_430, 18_440
_CHAINS = 2_000
"""In a round, so many grants are refreshed in turn, or as many as there are for each round."""
_REPETITIONS = 15


class _Place:
    """A server with so many of everything."""

    def __init__(self, server: PreparedServer, size: int, rounds: int) -> None:
        self.server, self.size = server, size
        self._chains = min(size * 9 // 10 // rounds, _CHAINS)
        self.grants = ManyGrants(server, size, rounds * self._chains)
        self.measured: dict[str, list[Round]] = defaultdict(list)

    def load(self, number: int) -> None:
        """One round of each kind of request. No refresh token is used in two rounds: a round loses some at its end."""
        tokens, server = self.grants.tokens, self.server
        bodies = server.file("introspect", [f"token={each.access}" for each in tokens])
        self._run("introspection", "/introspect", "form", [server.caller_authorization, bodies])
        fresh = tokens[number * self._chains : (number + 1) * self._chains]
        chains = server.file("refresh", [each.refresh for each in fresh])
        self._run("refresh with rotation", "/token", "refresh", [server.client_authorization, chains])
        bodies = server.file("client", ["grant_type=client_credentials"])
        self._run("client credentials", "/token", "form", [server.client_authorization, bodies])

    def _run(self, name: str, path: str, script: str, arguments: list[str]) -> None:
        result = run_round(self.server.pid, self.server.url + path, script, arguments)
        self.measured[name].append(result.expect(200))

    def ask(self) -> dict[str, float]:
        """What pages and housekeeping ask the stores, in milliseconds."""
        parts, medians = self.server.parts, {}
        account_ids = iter(self.grants.account_ids(2 * _REPETITIONS))
        client_ids = iter(self.grants.client_ids(2 * _REPETITIONS))
        questions: dict[str, Callable[[], object]] = {
            "connected apps of one person": lambda: self._connected_apps(next(account_ids)),
            "a client that asks for the first time in a second": lambda: parts.clients.recall(next(client_ids)),
            "what ended of late": lambda: list(EndedRecordStore(parts.database).grants(now())),
            "is this a client's origin": lambda: ClientOrigins(parts.database).include("https://app.example"),
        }
        for name, ask in questions.items():
            times = []
            for _ in range(_REPETITIONS):
                began = time.perf_counter()
                ask()
                times.append((time.perf_counter() - began) * 1000)
            medians[name] = statistics.median(times)
        return medians

    def _connected_apps(self, account_id: str) -> None:
        self.server.parts.connected_apps.page(account_id, None)

    def seconds_to_agree(self) -> float:
        """How long a process takes to agree with a Redis that it doesn't know about all that ended."""
        parts = self.server.parts
        began = time.perf_counter()
        RevocationReconciler(parts.redis, EndedRecordStore(parts.database), parts.revocation, 1, 5).run_once()
        return time.perf_counter() - began


def main() -> None:
    """Measure and write the results."""
    check_tools()
    given = [int(each) for each in sys.argv[1:]]
    smaller, larger, rounds = given + [1_000, 1_000_000, 5][len(given) :]
    with ExitStack() as stack:
        places, taken = [], []
        for number, size in enumerate((smaller, larger)):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            server = stack.enter_context(prepared_server(folder, _PORT + number, _REDIS_PORT + number))
            places.append(_Place(server, size, rounds))
            taken.append(places[-1].grants.fill())
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", flush=True)
            for place in places if number % 2 else reversed(places):
                place.load(number)
        asked, agreed = [place.ask() for place in places], places[-1].seconds_to_agree()
    intro = (
        f"{smaller:,} people, clients and grants with a token each, and {larger:,}, in rounds that take turns "
        f"({rounds} of each, 16 connections); the ratio is the median of the rounds'."
    )
    ready = (
        f"After a restart of the service or of Redis, one process repeats all that ended and has not expired: with "
        f"{larger // 100:,} such grants among {larger:,}, ready {agreed:.1f} s later."
    )
    text = "\n\n".join((intro, _requests(*places), _questions(places, asked), _bytes(taken[-1]), ready))
    report.write(TITLE, text)
    print(text)


def _requests(small: _Place, large: _Place) -> str:
    lines = [
        f"| CPU s per 1,000 | {small.size:,} | {large.size:,} | ratio | p50 ms | p50 ms |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, rounds in small.measured.items():
        pairs = list(zip(rounds, large.measured[name], strict=True))
        ratio = statistics.median(more.cpu_per_1000 / few.cpu_per_1000 for few, more in pairs)
        cpu = [f"{statistics.median(each.cpu_per_1000 for each in side):.3f}" for side in zip(*pairs, strict=True)]
        p50 = [f"{statistics.median(each.p50 for each in side):.1f}" for side in zip(*pairs, strict=True)]
        lines.append(f"| {' | '.join([name, *cpu, f'{ratio:.2f}', *p50])} |")
    return "\n".join(lines)


def _questions(places: list[_Place], asked: list[dict[str, float]]) -> str:
    lines = [f"| ms | {' | '.join(f'{place.size:,}' for place in places)} |", "|---|---:|---:|"]
    lines += [f"| {name} | {' | '.join(f'{each[name]:.1f}' for each in asked)} |" for name in asked[0]]
    return "\n".join(lines)


def _bytes(taken: Bytes) -> str:
    lines = [
        "| bytes, indexes included | |",
        "|---|---:|",
        f"| an account in SQL | {taken.account:,} |",
        f"| a client in SQL | {taken.client:,} |",
        f"| a person's grant in SQL | {taken.grant:,} |",
        f"| the same in Redis, with one access token | {taken.in_redis:,} |",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
