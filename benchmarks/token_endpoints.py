"""Introspection, refresh, client credentials and code exchange on one gunicorn worker, beside the floor.

`python -m benchmarks.token_endpoints [rounds]`; needs wrk, redis-server and two cores.
"""

import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import report
from benchmarks.load import Round, run_round
from benchmarks.prepared import PreparedServer, prepared_server
from benchmarks.processes import SERVER_CORE, check_tools, family, gunicorn, peak_memory, pinned, wait_until_answering

_PORT, _REDIS_PORT, _FLOOR_PORT = 18_400, 18_401, 18_402
_CODES_PER_ROUND = 2_000
TITLE = "Token endpoints"
FLOOR = "floor: a bare WSGI reply"
_GTHREAD_FLOOR = "the same by gunicorn's gthread worker"


def main() -> None:
    """Measure and write the results."""
    check_tools()
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    measured: dict[str, list[Round]] = defaultdict(list)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(prepared_server(folder, _PORT, _REDIS_PORT))
        for number in range(1, rounds + 1):
            print(f"round {number} of {rounds}", flush=True)
            with _floor(server.redis_url, "-k", "gthread") as (pid, url):
                measured[_GTHREAD_FLOOR].append(run_round(pid, f"{url}/", "get", [""]).expect(200))
            with _floor(server.redis_url) as (pid, url):
                measured[FLOOR].append(run_round(pid, f"{url}/", "get", [""]).expect(200))
                measured["floor: with one Redis read"].append(run_round(pid, f"{url}/redis", "get", [""]).expect(200))
            for name, result in endpoint_rounds(server):
                measured[name].append(result.expect(200))
        memory = peak_memory(family(server.pid)) / 2**20
    text = report.table(measured, FLOOR)
    report.write(TITLE, f"{rounds} rounds, 16 connections.\n\n{text}\n\nPeak memory: {memory:.0f} MiB.")
    print(text)


def endpoint_rounds(server: PreparedServer, beside: Sequence[int] = ()) -> Iterator[tuple[str, Round]]:
    """One round at each endpoint, with its name. `beside` are processes whose CPU time is counted too."""
    tokens = server.tokens(64)
    bodies = server.file("introspect", [f"token={each['access_token']}" for each in tokens])
    yield (
        "introspection",
        run_round(server.pid, f"{server.url}/introspect", "form", [server.caller_authorization, bodies], beside=beside),
    )
    chains = server.file("refresh", [each["refresh_token"] for each in tokens])
    token_endpoint = f"{server.url}/token"
    yield (
        "refresh with rotation",
        run_round(server.pid, token_endpoint, "refresh", [server.client_authorization, chains], beside=beside),
    )
    bodies = server.file("client", ["grant_type=client_credentials"])
    yield (
        "client credentials",
        run_round(server.pid, token_endpoint, "form", [server.client_authorization, bodies], beside=beside),
    )
    bodies = server.file("codes", server.codes(_CODES_PER_ROUND))
    yield (
        "code exchange",
        run_round(
            server.pid,
            token_endpoint,
            "form",
            [server.client_authorization, bodies, "once"],
            seconds=2,
            beside=beside,
        ),
    )


@contextmanager
def _floor(redis_url: str, *options: str) -> Iterator[tuple[int, str]]:
    url = f"http://127.0.0.1:{_FLOOR_PORT}"
    command = [*gunicorn(_FLOOR_PORT), *options, "benchmarks.floor:app"]
    with pinned(SERVER_CORE, command, {"FLOOR_REDIS_URL": redis_url}) as pid:
        wait_until_answering(f"{url}/")
        yield pid, url


if __name__ == "__main__":
    main()
