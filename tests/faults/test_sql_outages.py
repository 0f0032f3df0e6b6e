"""What a database can suffer, seen over HTTP: 503 with the documented body where it is needed, and nothing else.

Nobody is let in meanwhile whose grant has ended, nothing that was answered is lost, and nobody restarts a service.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import psycopg
import pytest
import requests
from sqlalchemy import make_url

from tests.support.actions import READ, WRITE, Actions, App, Tokens, tokens
from tests.support.polling import eventually
from tests.support.postgresql import (
    PostgresqlServer,
    end_connections,
    new_database,
    postgresql_programs,
    running_postgresql,
)
from tests.support.sql_load import OUTAGES
from tests.support.stack import Stack

pytestmark = pytest.mark.usefixtures("usual_patience_with_postgresql")

ENTRY = {"body_weight": "80", "unit": "kg"}
SQL_ALONE = {"write", "read"}
"""Requests of the Fit API, which can do nothing without its database."""


@dataclass
class Visit:
    """An app with a good grant and one that has ended, and what it asks of both services."""

    actions: Actions
    app: App
    good: Tokens
    ended: Tokens
    stored: int = 0

    @classmethod
    def begin(cls, stack: Stack) -> "Visit":
        actions = Actions(stack)
        person, app = actions.person(), actions.app()
        good, ended = (app.connect(person, scopes=[READ, WRITE]) for _ in range(2))
        assert app.revoke(ended.refresh).status_code == 200
        visit = cls(actions, app, good, ended)
        assert visit.make() == {}
        return visit

    def make(self) -> dict[str, requests.Response]:
        """Ask for everything once; what was an outage. All else has succeeded, and who may not was not let in."""
        asked: dict[str, Callable[[], requests.Response]] = {
            "refresh": self._refresh,
            "introspect": lambda: self.actions.introspection(self.good.access),
            "write": self._write,
            "read": lambda: self.actions.fit("GET", token=self.good.access),
        }
        outages = {}
        for what, ask in asked.items():
            answer = ask()
            if answer.status_code != 503:
                assert answer.status_code in {200, 201}, (what, answer.status_code, answer.text)
                continue
            assert answer.json() in OUTAGES, answer.text
            assert answer.headers["Retry-After"] == "1"
            outages[what] = answer
        refused = self.actions.fit("GET", token=self.ended.access).status_code
        assert refused in {401, 503}
        introspected = self.actions.introspection(self.ended.access)
        assert introspected.status_code == 503 or introspected.json() == {"active": False}
        return outages

    def succeeds(self) -> bool:
        """Whether all is as before."""
        return self.make() == {}

    def _refresh(self) -> requests.Response:
        answer = self.app.refresh(self.good.refresh, key=token_hex(8))
        if answer.status_code == 200:
            self.good = tokens(answer)
        return answer

    def _write(self) -> requests.Response:
        headers = {"Idempotency-Key": token_hex(8)}
        answer = self.actions.fit("POST", token=self.good.access, json=ENTRY, headers=headers)
        self.stored += answer.status_code == 201
        return answer


SETTINGS = ("max_connections=40", "superuser_reserved_connections=0")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    if postgresql_programs() is None:
        pytest.skip("needs PostgreSQL")
    with running_postgresql(*SETTINGS) as server:
        yield server


@pytest.fixture
def urls(server: PostgresqlServer) -> list[str]:
    """Of an empty database for each service."""
    return [new_database(server.url, name) for name in ("auth", "fit")]


@pytest.fixture
def visit(urls: list[str], start_stack: Callable[..., Stack]) -> Visit:
    auth, fit = urls
    return Visit.begin(start_stack(database_url=auth, fit_database_url=fit))


def operator_of(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def test_postgresql_is_killed_and_comes_back(server: PostgresqlServer, visit: Visit) -> None:
    server.kill()
    eventually(lambda: set(visit.make()) >= SQL_ALONE)
    server.start(*SETTINGS)
    eventually(visit.succeeds)


def test_postgresql_becomes_read_only(server: PostgresqlServer, urls: list[str], visit: Visit) -> None:
    """Tokens are refreshed and validated, and entries read, which only reads."""
    for change, outage in (("SET default_transaction_read_only = on", {"write"}), ("RESET ALL", set[str]())):
        for url in urls:
            server.execute(f"ALTER DATABASE {make_url(url).database} {change}")
            end_connections(url)
        eventually(lambda outage=outage: set(visit.make()) == outage)


def test_postgresql_has_no_connection_left(server: PostgresqlServer, visit: Visit) -> None:
    with ExitStack() as others, operator_of(server.url) as last:
        last.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname <> 'postgres'")
        with suppress(psycopg.OperationalError):
            while True:
                others.enter_context(operator_of(server.url))
        eventually(lambda: set(visit.make()) >= SQL_ALONE)
    eventually(visit.succeeds)


def test_postgresql_ends_a_deadlock_by_failing_the_writer(
    server: PostgresqlServer, urls: list[str], visit: Visit
) -> None:
    """The writer holds its person's counter and waits for the table; an operator holds the table and waits for it."""
    outages = list[set[str]]()
    with operator_of(urls[1]) as operator:
        operator.execute("SET deadlock_timeout = '1min'")  # so that it is the writer that looks for the deadlock
        with operator.transaction(force_rollback=True):
            operator.execute("LOCK TABLE body_weights IN EXCLUSIVE MODE")
            writer = threading.Thread(target=lambda: outages.append(set(visit.make())))
            writer.start()
            eventually(lambda: server.execute("SELECT 1 FROM pg_locks WHERE NOT granted"))
            operator.execute("UPDATE change_counters SET last_change = last_change")
        writer.join(60)
    assert outages == [{"write"}]
    assert visit.succeeds()


@contextmanager
def holding_all(file: str) -> Iterator[None]:
    """As a backup tool does that knows no better."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.rollback()


def test_sqlite_is_locked_by_another_process(start_stack: Callable[..., Stack], tmp_path: Path) -> None:
    """Reading goes on beside it, as in WAL mode it may."""
    visit = Visit.begin(start_stack())
    with holding_all(str(tmp_path / "fit.sqlite")):
        assert set(visit.make()) == {"write"}
    assert visit.succeeds()
