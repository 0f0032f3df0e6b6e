"""Fixtures that every test can use, and the accounting of tests that this machine can't run."""

import gc
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis

from auth_service.storage import redis_connection
from shared.service import postgresql_connection
from tests.support.actions import Actions
from tests.support.postgresql import new_database, postgresql, postgresql_programs
from tests.support.quick_services import quick_services
from tests.support.redis_cluster import RedisCluster
from tests.support.redis_sentinels import Sentinels
from tests.support.servers import fake_redis, real_redis, redis_server
from tests.support.stack import Stack, run_stack
from tests.support.volumes import PART, VOLUMES, Volume, note, table

_USUAL_PATIENCE = {name: getattr(postgresql_connection, name) for name in ("CONNECT", "ANSWER", "STARTUP_OPTIONS")}


@pytest.fixture(scope="session", autouse=True)
def services_are_quick() -> Iterator[None]:
    """Those of this process."""
    with quick_services():
        yield


@pytest.fixture(scope="session", autouse=True)
def patience_with_stores() -> Iterator[None]:
    """Services of this process wait longer for Redis and PostgreSQL: seconds of a busy machine are no outage."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redis_connection, "SOCKET_TIMEOUT", 30.0)
        for name in ("CONNECT", "ANSWER"):
            patch.setattr(postgresql_connection, name, 30.0)
        options = postgresql_connection.STARTUP_OPTIONS.replace(f"={postgresql_connection.STATEMENT}s", "=30s")
        patch.setattr(postgresql_connection, "STARTUP_OPTIONS", options)
        yield


@pytest.fixture
def usual_patience_with_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a PostgreSQL that falls silent, or where somebody holds a lock: as long as in production."""
    for name, value in _USUAL_PATIENCE.items():
        monkeypatch.setattr(postgresql_connection, name, value)


def pytest_addoption(parser: pytest.Parser) -> None:
    help_text = "sentinel: what all ordinary tests share is a master with a replica that three Sentinels watch"
    parser.addoption("--redis", choices=["one", "sentinel"], default="one", help=help_text)
    parser.addoption("--screenshots", action="store_true", help="keep pictures of pages in docs/screenshots")


@pytest.fixture(scope="session")
def redis_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A Redis that all ordinary tests share: real where there is one, else fakeredis; or what `--redis` says."""
    if request.config.getoption("--redis") == "sentinel":
        if redis_server() is None:
            pytest.skip("needs redis-server")
        with Sentinels.running() as sentinels:
            yield sentinels.url
        return
    with real_redis() if redis_server() else fake_redis() as url:
        yield url


@pytest.fixture(scope="session")
def _real_redis_url() -> Iterator[str]:
    if redis_server() is None:
        pytest.skip("needs redis-server")
    with real_redis() as url:
        yield url


@pytest.fixture(scope="module")
def real_redis_url(_real_redis_url: str) -> str:
    """A Redis that really is one, for what fakeredis can't show; empty at each module's begin."""
    with redis.Redis.from_url(_real_redis_url) as database:
        database.flushall()
    return _real_redis_url


@pytest.fixture(scope="session")
def _running_cluster() -> Iterator[RedisCluster]:
    if redis_server() is None:
        pytest.skip("needs redis-server")
    with RedisCluster.running() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def redis_cluster(_running_cluster: RedisCluster) -> RedisCluster:
    """Three masters without replicas, empty at each module's begin."""
    _running_cluster.empty()
    return _running_cluster


FORMS = ["fakeredis", "redis-server", "cluster", pytest.param("sentinel", marks=pytest.mark.torture)]


@pytest.fixture(scope="module", params=FORMS)
def each_redis_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """For the contract suite, which runs on each form."""
    if request.param == "cluster":
        yield request.getfixturevalue("redis_cluster").url
        return
    if request.param == "sentinel":
        if redis_server() is None:
            pytest.skip("needs redis-server")
        with Sentinels.running() as sentinels:
            yield sentinels.url
        return
    if request.param == "redis-server" and redis_server() is None:
        pytest.skip("needs redis-server")
    with fake_redis() if request.param == "fakeredis" else real_redis() as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A PostgreSQL that all tests share which don't disturb it: each asks `new_database` for one of its own."""
    if postgresql_programs() is None:
        pytest.skip("needs PostgreSQL")
    with postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def stack(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Both services with default settings, shared by all tests that need no others."""
    with run_stack(tmp_path_factory.mktemp("stack"), redis_url) as running:
        yield running


@pytest.fixture(scope="session")
def postgresql_stack(
    postgresql_server: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """The same on PostgreSQL."""
    auth, fit = new_database(postgresql_server, "auth"), new_database(postgresql_server, "fit")
    with run_stack(tmp_path_factory.mktemp("stack"), redis_url, fit_database_url=fit, database_url=auth) as running:
        yield running


@pytest.fixture(params=["stack", "postgresql_stack"], ids=["sqlite", "postgresql"], scope="session")
def each_stack(request: pytest.FixtureRequest) -> Stack:
    """On each database. Both go on running: one that a parameter had made would be made anew in each file."""
    running: Stack = request.getfixturevalue(request.param)
    return running


@pytest.fixture(
    params=[
        pytest.param("stack", id="sqlite", marks=pytest.mark.torture),
        pytest.param("postgresql_stack", id="postgresql"),
    ],
    scope="session",
)
def stricter_stack(request: pytest.FixtureRequest) -> Stack:
    """On PostgreSQL, which is the stricter one; `make torture` does the same on SQLite, where most other tests run."""
    running: Stack = request.getfixturevalue(request.param)
    return running


@pytest.fixture(scope="session")
def open_stack(
    request: pytest.FixtureRequest, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """Both services, where anybody may register clients; the database is PostgreSQL where there is one."""
    database = {}
    if postgresql_programs() is not None:
        database["database_url"] = new_database(request.getfixturevalue("postgresql_server"), "open")
    with run_stack(tmp_path_factory.mktemp("open-stack"), redis_url, registration="open", **database) as running:
        yield running


@pytest.fixture
def start_stack(redis_url: str, tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    """Starts both services with other settings; those of the Fit API begin with `fit_`."""
    with ExitStack() as running:
        yield lambda **settings: running.enter_context(
            run_stack(tmp_path, settings.pop("redis", redis_url), **settings)
        )


@pytest.fixture
def actions(stack: Stack) -> Actions:
    """What people, apps and resource servers do. Failures of earlier tests, all from one address, are forgotten."""
    stack.forget_failures()
    return Actions(stack)


_LONGEST_FIRST = "upgrade make properties faults browser ../buffering_worker/tests serving webhooks"
_WAITING = [(Path(__file__).parent / name).resolve() for name in _LONGEST_FIRST.split()]
"""What waits for processes, the longest first: so that nobody begins his longest file when the others are done."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """The longest tests wait for processes that they started: so one more at a time than there are processors."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_configure(config: pytest.Config) -> None:
    """Leave the order in which files are shared out to us; xdist would begin with those of the most tests.

    And let the hundreds of processes that tests start keep what Python compiled, which is a third of their start.
    """
    config.option.loadscopereorder = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_finish() -> None:
    """What the suite itself consists of stays, and need not be looked through again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def volume(request: pytest.FixtureRequest) -> Volume:
    """How much this test is to do, by its mark `volume`."""
    return VOLUMES[request.node.get_closest_marker("volume").args[0]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that wait come evenly among those that compute; what has a volume has hours in `make volumes`.

    A test has the same name in every process that shares the work, so none is named after the time of day.
    """
    files = dict.fromkeys(item.path for item in items)
    waiting = sorted((file for file in files if file.parent in _WAITING), key=lambda file: _WAITING.index(file.parent))
    computing = [file for file in files if file.parent not in _WAITING]
    turns = {file: place / len(group) for group in (waiting, computing) for place, file in enumerate(group)}
    items.sort(key=lambda item: turns[item.path])
    for item in items:
        if PART is not None and item.get_closest_marker("volume"):
            item.add_marker(pytest.mark.timeout(7_200), append=False)
        for number in re.findall(r"[0-9]{10}", item.nodeid):
            if abs(int(number) - time.time()) < 90 * 86_400:
                raise pytest.UsageError(f"{item.nodeid} has another name in every run: give its cases ids")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """With FAIL_ON_SKIP=1, as CI sets it, a test that this machine can't run has failed."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if (mark := item.get_closest_marker("volume")) and report.when == "call":
        note(report, mark.args[0])
    if report.skipped and os.environ.get("FAIL_ON_SKIP") == "1" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which FAIL_ON_SKIP=1 forbids: {report.longrepr}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line what was skipped and why, and with `make volumes` how much was done."""
    if PART is not None:
        reports = [*terminalreporter.stats.get("passed", []), *terminalreporter.stats.get("failed", [])]
        terminalreporter.write_line("\n".join(table(reports)))
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = (
            report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else str(report.longrepr)
        )
        reasons[reason] = reasons.get(reason, 0) + 1
    if reasons:
        said = "; ".join(f"{count} because it {reason}" for reason, count in sorted(reasons.items()))
        terminalreporter.write_line(f"Skipped on this machine: {said}. `.ci/run` runs them all.")
