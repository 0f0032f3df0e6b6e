"""Where the limits are: `python -m benchmarks.capacity [rounds [grants [seconds]]]`, for the results and docs/scale.md.

Needs wrk, redis-server, PostgreSQL, nginx and two cores.
"""

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks import feed_followers, grants_in_redis, report, requests_per_core
from benchmarks.prepared import prepared_server
from benchmarks.processes import check_tools
from tests.support.postgresql import postgresql_programs
from tests.support.reverse_proxies import NGINX

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scale.md"
_SQLITE_PORT, _POSTGRESQL_PORT, _PROXIED_PORT, _TLS_PORT, _REDIS_PORT = 18_500, 18_501, 18_502, 18_503, 18_510


def main() -> None:
    """Measure, write the results, and quote them in the page about them."""
    check_tools()
    if postgresql_programs() is None or NGINX.path is None:
        sys.exit("PostgreSQL and nginx are needed; on Debian: apt install postgresql nginx-light")
    given = [int(each) for each in sys.argv[1:]]
    rounds, grants, seconds = given + [5, 10_000, 10][len(given) :]
    _requests(rounds)
    _tls(rounds)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(prepared_server(folder, _SQLITE_PORT, _REDIS_PORT))
        _write(feed_followers.TITLE, feed_followers.measure(server, seconds))
        print(f"{grants:,} grants", flush=True)
        _write(grants_in_redis.TITLE, grants_in_redis.measure(server, grants))
    PAGE.write_text(report.quoted(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def _requests(rounds: int) -> None:
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2)]
        database, pid = stack.enter_context(requests_per_core.postgresql_on_load_core())
        sqlite = stack.enter_context(prepared_server(folders[0], _SQLITE_PORT, _REDIS_PORT))
        other = prepared_server(folders[1], _POSTGRESQL_PORT, _REDIS_PORT + 1, AUTH_DATABASE_URL=database.url)
        postgresql = stack.enter_context(other)
        _write(requests_per_core.TITLE, requests_per_core.measure(sqlite, postgresql, pid, rounds))


def _tls(rounds: int) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        issuer = f"https://localhost:{_TLS_PORT}"
        behind = prepared_server(folder, _PROXIED_PORT, _REDIS_PORT, AUTH_ISSUER=issuer, AUTH_TRUSTED_PROXIES="1")
        server = stack.enter_context(behind)
        _write(requests_per_core.TLS_TITLE, requests_per_core.measure_tls(server, folder, _TLS_PORT, rounds))


def _write(title: str, text: str) -> None:
    report.write(title, text)
    print(text, flush=True)


if __name__ == "__main__":
    main()
