"""`make bench-peers`: the token endpoints beside node-oidc-provider's, in turns on one core.

`python -m benchmarks.peers [rounds]`; needs wrk, redis-server, npm, PostgreSQL's programs and two cores.
"""

import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks import report
from benchmarks.load import Round, run_round
from benchmarks.peers.node_oidc_provider import VERSION, NodeOidcProvider, node_oidc_provider
from benchmarks.prepared import prepared_server
from benchmarks.processes import check_tools
from benchmarks.requests_per_core import postgresql_on_load_core
from benchmarks.token_endpoints import endpoint_rounds

TITLE = "Beside another server"
_PORTS = 18_430, 18_431, 18_432, 18_433, 18_434, 18_435
_OURS, _WITH_POSTGRESQL, _PEER = "ours, SQLite", "ours, PostgreSQL", "node-oidc-provider"


def main() -> None:
    """Measure and write the results."""
    check_tools()
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    measured: dict[str, dict[str, list[Round]]] = defaultdict(lambda: defaultdict(list))
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(3)]
        peer = stack.enter_context(node_oidc_provider(folders[0], *_PORTS[:2]))
        peer.check()
        ours = stack.enter_context(prepared_server(folders[1], *_PORTS[2:4]))
        database, _ = stack.enter_context(postgresql_on_load_core())
        other = prepared_server(folders[2], *_PORTS[4:], AUTH_DATABASE_URL=database.url)
        with_postgresql = stack.enter_context(other)
        for number in range(1, rounds + 1):
            print(f"round {number} of {rounds}", flush=True)
            for name, results in (
                (_OURS, endpoint_rounds(ours)),
                (_PEER, _peer_rounds(peer, folders[0])),
                (_WITH_POSTGRESQL, endpoint_rounds(with_postgresql)),
            ):
                for workload, result in results:
                    measured[workload][name].append(result.expect(200))
    text = (
        f"One worker or process on one core, 16 connections, medians of {rounds} rounds in turns; node-oidc-provider "
        f"{VERSION} with opaque tokens, and everything that it knows in Redis alone. Seconds of CPU time of the server "
        f"for 1,000 requests, in brackets as a multiple of the peer's; every token was active.\n\n{_table(measured)}"
    )
    report.write(TITLE, text)
    print(text)


def _peer_rounds(peer: NodeOidcProvider, folder: Path) -> Iterator[tuple[str, Round]]:
    bodies = _file(folder, "introspect", [f"token={token}" for token in peer.access_tokens(64)])
    asked = [peer.caller_authorization, bodies]
    yield "introspection", run_round(peer.pid, peer.introspection_endpoint, "form", asked)
    mine = [peer.client_authorization, _file(folder, "refresh", peer.refresh_tokens(64))]
    yield "refresh with rotation", run_round(peer.pid, peer.token_endpoint, "refresh", mine)
    own = [peer.client_authorization, _file(folder, "client", ["grant_type=client_credentials"])]
    yield "client credentials", run_round(peer.pid, peer.token_endpoint, "form", own)


def _file(folder: Path, name: str, lines: Sequence[str]) -> str:
    path = folder / f"{name}.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def _table(measured: Mapping[str, Mapping[str, Sequence[Round]]]) -> str:
    servers = (_PEER, _OURS, _WITH_POSTGRESQL)
    lines = [f"| | {' | '.join(servers)} |", f"|---|{'---:|' * len(servers)}"]
    for workload, by_server in measured.items():
        cost = {name: statistics.median(each.cpu_per_1000 for each in rounds) for name, rounds in by_server.items()}
        peer = cost.get(_PEER)
        cells = [f"{cost[name]:.3f}{_times(cost[name], peer, name)}" if name in cost else "" for name in servers]
        lines.append(f"| {' | '.join([workload, *cells])} |")
    return "\n".join(lines)


def _times(cost: float, peer: float | None, name: str) -> str:
    return "" if peer is None or name == _PEER else f" ({cost / peer:.2f})"


if __name__ == "__main__":
    main()
