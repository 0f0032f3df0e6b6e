"""How long the slowest of a hundred introspections takes: `python -m benchmarks.tails [rounds]`.

With our worker class and with gunicorn's `gthread`, in turns; needs wrk, redis-server and two cores.
"""

import os
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks import report
from benchmarks.load import Round, run_round
from benchmarks.prepared import PreparedServer, prepared_server
from benchmarks.processes import LOAD_CORE, check_tools

TITLE = "Tails"
CONNECTIONS = (16, 128, 1_000)
_PORT, _REDIS_PORT = 18_530, 18_531
_PART, _SECONDS = 0.8, 3
_WORKERS = {"ours": (), "gthread": ("-k", "gthread", "--worker-connections", "2000")}


def main() -> None:
    """Measure and write the results."""
    check_tools()
    os.sched_setaffinity(0, {LOAD_CORE})
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    measured: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    with ExitStack() as stack:
        servers = {}
        for number, (name, options) in enumerate(_WORKERS.items()):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            ports = _PORT + 10 * number, _REDIS_PORT + 10 * number
            servers[name] = stack.enter_context(prepared_server(folder, *ports, options=options))
        for number in range(1, rounds + 1):
            print(f"round {number} of {rounds}", flush=True)
            for name, server in servers.items():
                for load, result in _loads(server):
                    measured[load][name].append(result)
    head = " | ".join(f"{name}, p99 ms | told 503" for name in _WORKERS)
    lines = [f"| | {head} |", f"|---|{'---:|' * (2 * len(_WORKERS))}"]
    for load, by_worker in measured.items():
        cells = [cell for name in _WORKERS for cell in _cells(by_worker[name])]
        lines.append(f"| {load} | {' | '.join(cells)} |")
    text = (
        f"Introspection on one worker and one core, medians of {rounds} rounds in turns. Connections are kept and ask "
        f"again as soon as they are answered; at {_PART:.0%} of the rate that 16 of them reach, {CONNECTIONS[1]} ask "
        "after pauses.\n\n" + "\n".join(lines)
    )
    report.write(TITLE, text)
    print(text)


def _loads(server: PreparedServer) -> Iterator[tuple[str, tuple[float, float]]]:
    """The slowest of a hundred in milliseconds, and which part was told 503."""
    tokens = server.tokens(64)
    bodies = server.file("introspect", [f"token={each['access_token']}" for each in tokens])
    asked = [server.caller_authorization, bodies]
    url = f"{server.url}/introspect"
    fewest, some, _ = CONNECTIONS
    best = run_round(server.pid, url, "form", asked, seconds=_SECONDS, connections=fewest).expect(200).per_second
    pause = f"{some / (_PART * best) * 1_000:.0f}"  # milliseconds, beside which an answer takes few
    paced = run_round(server.pid, url, "form", [*asked, "paced", pause], seconds=_SECONDS, connections=some)
    yield f"{_PART:.0%} of the best rate", _slowest(paced)
    for connections in CONNECTIONS:  # the most come last: some of what they asked for is still waited for
        result = run_round(server.pid, url, "form", asked, seconds=_SECONDS, connections=connections)
        yield f"{connections:,} connections", _slowest(result)


def _slowest(result: Round) -> tuple[float, float]:
    return result.p99, result.statuses[503] / result.statuses.total()


def _cells(results: list[tuple[float, float]]) -> tuple[str, str]:
    p99, shed = (statistics.median(each) for each in zip(*results, strict=True))
    return f"{p99:.0f}", f"{shed:.0%}"


if __name__ == "__main__":
    main()
