"""The contract of the table of security events: it grows, is counted in, and otherwise stays as it is."""

import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, make_url, select, text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError

from auth_service.models.acting import Who, begin_acting
from auth_service.models.base import now
from auth_service.models.security_event import SecurityEvent
from auth_service.storage import security_events
from auth_service.storage.database import Database
from auth_service.storage.old_records import remove_security_events
from auth_service.storage.security_events import SecurityEventStore
from tests.support.migrated import migrate
from tests.support.postgresql import new_database
from tests.support.query_plans import plans

OPERATIONS = Path(__file__).resolve().parents[2] / "docs" / "operations.md"


@pytest.fixture
def sqlite(tmp_path: Path) -> Database:
    """On PostgreSQL, the privileges of a role see to it."""
    database = Database(f"sqlite:///{tmp_path / 'auth.sqlite'}")
    migrate(database)
    return database


@pytest.fixture
def postgresql_url(postgresql_server: str) -> str:
    """SQLite knows no roles."""
    return new_database(postgresql_server, "events")


def refused(database: Database, statement: object) -> None:
    with pytest.raises(IntegrityError), database.writing() as session:
        session.execute(statement)  # type: ignore[call-overload]


def event_of(database: Database, account_id: str) -> SecurityEvent:
    with database.reading() as session:
        return session.scalars(select(SecurityEvent).where(SecurityEvent.account_id == account_id)).one()


def test_of_failures_at_once_none_is_lost_and_there_is_one_row(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, one_minute = SecurityEventStore(database), now()
    monkeypatch.setattr(security_events, "now", lambda: one_minute)
    account_id = f"acct_{one_minute.timestamp()}"

    def fail() -> None:
        begin_acting(Who.STRANGER, "192.0.2.1", "curl/8", None)
        store.count(SecurityEvent(kind="sign_in_failed", account_id=account_id))

    threads = [threading.Thread(target=fail) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counted = event_of(database, account_id)
    assert (counted.times, counted.who, counted.network, counted.program) == (4, "stranger", "192.0.2.1", "curl")


def test_another_network_or_minute_has_a_row_of_its_own(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    store, minute = SecurityEventStore(database), now()
    account_id = f"acct_{minute.timestamp()}"
    for address, at in (("192.0.2.1", 0), ("192.0.2.2", 0), ("192.0.2.1", 1), ("2001:db8::1", 0), ("2001:db8::2", 0)):
        monkeypatch.setattr(security_events, "now", lambda at=at: minute + timedelta(minutes=at))
        begin_acting(Who.STRANGER, address, None, None)
        store.count(SecurityEvent(kind="sign_in_failed", account_id=account_id))
    with database.reading() as session:
        found = session.scalars(select(SecurityEvent).where(SecurityEvent.account_id == account_id)).all()
    assert sorted(each.times for each in found) == [1, 1, 1, 2]


def test_on_sqlite_no_event_can_be_changed_or_removed(sqlite: Database) -> None:
    account_id = f"acct_{now().timestamp()}"
    SecurityEventStore(sqlite).add(SecurityEvent(kind="signed_in", account_id=account_id))
    ours = SecurityEvent.account_id == account_id
    for values in ({"detail": "other"}, {"times": 2}, {"at": now()}):
        refused(sqlite, update(SecurityEvent).where(ours).values(values))
    refused(sqlite, delete(SecurityEvent).where(ours))
    assert event_of(sqlite, account_id).times == 1


def test_what_is_counted_can_be_counted_up_and_nothing_else(sqlite: Database) -> None:
    account_id = f"acct_{now().timestamp()}"
    SecurityEventStore(sqlite).count(SecurityEvent(kind="sign_in_failed", account_id=account_id))
    ours = SecurityEvent.account_id == account_id
    for values in ({"times": 0}, {"times": 2, "network": "elsewhere"}, {"times": 2, "counted_as": None}):
        refused(sqlite, update(SecurityEvent).where(ours).values(values))
    assert event_of(sqlite, account_id).times == 1


def test_old_events_are_removed_as_a_whole_and_the_others_are_kept_as_before(database: Database) -> None:
    old, new = datetime(2020, 1, 1, tzinfo=UTC), f"acct_{now().timestamp()}"
    store = SecurityEventStore(database)
    store.add(SecurityEvent(kind="signed_in", at=old))
    store.add(SecurityEvent(kind="signed_in", account_id=new))
    assert remove_security_events(database, old + timedelta(days=1), lambda _: None) >= 1
    assert event_of(database, new).kind == "signed_in"
    if database.file is not None:
        refused(database, delete(SecurityEvent).where(SecurityEvent.account_id == new))


def test_on_postgresql_the_services_role_can_add_and_count_and_no_more(postgresql_url: str) -> None:
    """With the privileges of docs/operations.md."""
    database = Database(postgresql_url)
    migrate(database)
    (privileges,) = re.findall(r"```sql\n(GRANT SELECT, INSERT.*?)```", OPERATIONS.read_text(), re.DOTALL)
    with database.writing() as session:
        session.execute(text("CREATE ROLE auth_service LOGIN"))
        session.execute(text(privileges))
    url = make_url(postgresql_url).set(username="auth_service").render_as_string(hide_password=False)
    service, account_id = Database(url), f"acct_{now().timestamp()}"
    try:
        store = SecurityEventStore(service)
        for _ in range(2):
            store.count(SecurityEvent(kind="sign_in_failed", account_id=account_id))
        ours = SecurityEvent.account_id == account_id
        for forbidden in (
            update(SecurityEvent).where(ours).values(detail="other"),
            delete(SecurityEvent).where(ours),
            text("TRUNCATE security_events"),
        ):
            with pytest.raises(ProgrammingError, match="permission denied"), service.writing() as session:
                session.execute(forbidden)
        assert 1 <= event_of(database, account_id).times <= 2
    finally:
        service.close()
        database.close()


def test_no_question_of_a_page_reads_the_whole_table(database: Database) -> None:
    store = SecurityEventStore(database)
    with plans(database._engine, database._asking) as found:
        store.add(SecurityEvent(kind="signed_in", account_id="acct_a"))
        store.count(SecurityEvent(kind="sign_in_failed", account_id="acct_a"))
        store.page("acct_a", ["signed_in"], 7, 20)
    assert found.read_whole == set()
