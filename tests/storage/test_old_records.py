"""Old records are removed, and nothing that somebody may still ask for."""

from datetime import datetime, timedelta

import pytest

from auth_service.crypto.token_handle import new_grant_id
from auth_service.models.base import now
from auth_service.models.client import Client
from auth_service.models.grant import GrantRecord
from auth_service.models.security_event import SecurityEvent
from auth_service.models.token_reuse import TokenReuse
from auth_service.storage import old_records
from auth_service.storage.clients import ClientStore
from auth_service.storage.database import Database
from auth_service.storage.old_records import remove_grants, remove_security_events

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch, database: Database) -> None:
    monkeypatch.setattr(old_records, "_AT_ONCE", 3)
    remove_security_events(database, now() + DAY, lambda _: None)


def client(database: Database) -> Client:
    names = {"client_id": new_grant_id(), "name": "App", "own_grant_id": new_grant_id()}
    made = Client(redirect_uris=(), grant_types=(), scopes=(), **names)
    ClientStore(database).create(made, ())
    return made


def grant(database: Database, of: Client, expires_at: datetime, **more: object) -> str:
    record = GrantRecord(
        id=new_grant_id(), client_id=of.client_id, scopes=(), audience=(), expires_at=expires_at, **more
    )
    with database.writing() as session:
        session.add(record)
    return record.id


def test_grants_that_ran_out_before_a_moment_are_removed_and_no_others(database: Database) -> None:
    app, today = client(database), now()
    old = {grant(database, app, today - 9 * DAY) for _ in range(8)}
    kept = {
        app.own_grant_id,  # never runs out
        grant(database, app, today - 5 * DAY),
        grant(database, app, today + DAY),
        grant(database, app, today + DAY, revoked_at=today - 90 * DAY),  # Redis may have to be told again
    }
    seen: list[int] = []
    assert remove_grants(database, today - 7 * DAY, seen.append) == len(old)
    with database.reading() as session:
        left = {each for each in old | kept if session.get(GrantRecord, each) is not None}
    assert left == kept
    assert seen == sorted(seen)
    assert seen[-1] >= len(old | kept)
    assert remove_grants(database, today - 7 * DAY, seen.append) == 0


def test_what_happened_before_a_moment_is_removed_and_nothing_since(database: Database) -> None:
    today = now()
    with database.writing() as session:
        session.add_all(SecurityEvent(kind="old", at=today - 9 * DAY) for _ in range(8))
        session.add_all(SecurityEvent(kind="new", at=today - age * DAY) for age in (0, 6))
    seen: list[int] = []
    assert remove_security_events(database, today - 7 * DAY, seen.append) == 8
    with database.reading() as session:
        assert {each.kind for each in session.query(SecurityEvent)} == {"new", "events_pruned"}
    assert seen == [3, 6, 8]
    assert remove_security_events(database, today - 7 * DAY, seen.append) == 0


def test_stories_of_reuse_go_with_the_events_that_they_tell_of(database: Database) -> None:
    today, names = now(), {"account_id": "acct_mo", "client_id": "app", "generation": 1, "uses": []}
    old, new = new_grant_id(), new_grant_id()
    with database.writing() as session:
        session.add(TokenReuse(grant_id=old, at=today - 9 * DAY, **names))
        session.add(TokenReuse(grant_id=new, at=today - 6 * DAY, **names))
    remove_security_events(database, today - 7 * DAY, lambda _: None)
    with database.reading() as session:
        left = {each for each in (old, new) if session.get(TokenReuse, each) is not None}
    assert left == {new}
