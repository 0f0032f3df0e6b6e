"""What requests cost the service, its stores and a proxy that speaks TLS in front, in CPU time of each."""

import os
import statistics
import string
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.load import Round, run_round
from benchmarks.prepared import PreparedServer
from benchmarks.processes import LOAD_CORE, family, pinned, wait_until_listening
from benchmarks.token_endpoints import endpoint_rounds
from tests.support.certificates import self_signed
from tests.support.postgresql import PostgresqlServer, running_postgresql
from tests.support.reverse_proxies import NAMES, NGINX, SERVERS

TITLE, TLS_TITLE = "Requests per core", "Behind TLS"
_CONFIGURATION = Path(__file__).resolve().parents[1] / "deploy" / "proxy" / NGINX.file


@contextmanager
def postgresql_on_load_core() -> Iterator[tuple[PostgresqlServer, int]]:
    """An empty one, and its first process, whose family has a process for each connection."""
    with running_postgresql("autovacuum=off") as server:
        pid = int((server.data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        os.sched_setaffinity(pid, {LOAD_CORE})
        yield server, pid


def measure(sqlite: PreparedServer, postgresql: PreparedServer, database: int, rounds: int) -> str:
    """The text of the section: rounds with either database take turns. `database` is PostgreSQL's process."""
    with_sqlite: dict[str, list[Round]] = defaultdict(list)
    with_postgresql: dict[str, list[Round]] = defaultdict(list)
    for number in range(1, rounds + 1):
        print(f"requests per core: round {number} of {rounds}", flush=True)
        for name, result in endpoint_rounds(sqlite, [sqlite.redis_pid]):
            with_sqlite[name].append(result.expect(200))
        for name, result in endpoint_rounds(postgresql, [postgresql.redis_pid, database]):
            with_postgresql[name].append(result.expect(200))
    intro = (
        f"One worker, 16 kept connections, medians of rounds with each database in turns ({rounds} of each); every "
        "token was active. Seconds of CPU time for 1,000 requests, of the service, and with PostgreSQL of the stores "
        "too; then what one core of the service, with PostgreSQL, and one Redis, which uses one core, do at most in a "
        "second."
    )
    lines = [
        intro,
        "",
        "| | with SQLite | with PostgreSQL | of Redis | of PostgreSQL | a core does | a Redis does |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, results in with_postgresql.items():
        cost, (of_redis, of_postgresql) = _cpu(results), _beside(results)
        costs = (f"{each:.3f}" for each in (_cpu(with_sqlite[name]), cost, of_redis, of_postgresql))
        lines.append(f"| {' | '.join([name, *costs, f'{1000 / cost:,.0f}', f'{1000 / of_redis:,.0f}'])} |")
    return "\n".join(lines)


def measure_tls(server: PreparedServer, folder: Path, port: int, rounds: int) -> str:
    """The text of the section about nginx, as `deploy/proxy` configures it, in front of this server."""
    measured: dict[str, list[Round]] = defaultdict(list)
    with ExitStack() as stack:
        nginx = stack.enter_context(_nginx(folder, port, server))
        for number in range(1, rounds + 1):
            print(f"behind TLS: round {number} of {rounds}", flush=True)
            for name, result in _tls_rounds(server, f"https://localhost:{port}", nginx):
                measured[name].append(result.expect(200))
    intro = (
        f"nginx by `deploy/proxy/nginx.conf`, a certificate of P-256, 16 connections; medians of {rounds} rounds. "
        "Seconds of CPU time for 1,000 requests; the last column is what one core of nginx does in a second at its "
        "limit."
    )
    lines = [
        intro,
        "",
        "| | of nginx | of the service | a core of nginx |",
        "|---|---:|---:|---:|",
    ]
    for name, results in measured.items():
        (proxy,) = _beside(results)
        lines.append(f"| {name} | {proxy:.3f} | {_cpu(results):.3f} | {1000 / proxy:,.0f} |")
    return "\n".join(lines)


def _tls_rounds(server: PreparedServer, url: str, nginx: int) -> Iterator[tuple[str, Round]]:
    tokens = server.tokens(64)
    bodies = server.file("introspect", [f"token={each['access_token']}" for each in tokens])
    asked = [server.caller_authorization, bodies]
    yield "introspection", run_round(server.pid, f"{url}/introspect", "form", asked, beside=[nginx])
    chains = server.file("refresh", [each["refresh_token"] for each in tokens])
    mine = [server.client_authorization, chains]
    yield "refresh with rotation", run_round(server.pid, f"{url}/token", "refresh", mine, beside=[nginx])
    yield (
        "introspection, each on a new connection",
        run_round(server.pid, f"{url}/introspect", "form", [*asked, "close"], beside=[nginx]),
    )


@contextmanager
def _nginx(folder: Path, port: int, server: PreparedServer) -> Iterator[int]:
    """Its process, on the load's core: with our configuration, but for the name, which has to lead here."""
    folder.chmod(0o755)  # it goes on as somebody else
    certificate = self_signed(folder, "localhost").read_bytes()
    for name in ("site.crt", "site.key"):
        (folder / name).write_bytes(certificate)
    address = server.url.removeprefix("http://").replace("localhost", "127.0.0.1")
    values: Mapping[str, str] = {**dict.fromkeys(SERVERS, address), "STATE": str(folder), "TLS": str(port)}
    text = _CONFIGURATION.read_text(encoding="utf-8").replace(NAMES[0], "localhost")
    configuration = folder / NGINX.file
    configuration.write_text(string.Template(text).safe_substitute(values), encoding="utf-8")
    with pinned(LOAD_CORE, [NGINX.path or "nginx", *NGINX.arguments, str(configuration)]) as pid:
        wait_until_listening(port)
        if len(family(pid)) < 2:
            raise RuntimeError("nginx has no workers")
        yield pid


def _cpu(rounds: Sequence[Round]) -> float:
    return statistics.median(each.cpu_per_1000 for each in rounds)


def _beside(rounds: Sequence[Round]) -> list[float]:
    return [statistics.median(each) for each in zip(*(each.beside for each in rounds), strict=True)]
