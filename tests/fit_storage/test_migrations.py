"""What older versions stored is still there, unchanged."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from fit_service.models.base import Base
from fit_service.rules.webhooks.status import Owner
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.database import Database
from fit_service.storage.entry_pages import Page
from fit_service.storage.entry_reader import Counter
from fit_service.storage.feed_position import FeedPositionStore
from tests.fit_storage.hooks import URL, Hooks


def go_back_to(database: Database, revision: str) -> None:
    with database._engine.begin() as connection:
        config = database.alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def test_entries_of_the_first_version_keep_their_amounts_and_get_numbers(database: Database) -> None:
    go_back_to(database, "0001")
    columns = ("id", "subject", "amount", "unit", "created_at")
    row = f"INSERT INTO body_weights ({', '.join(columns)}) VALUES ({', '.join(f':{name}' for name in columns)})"
    rows = [
        {"id": "a", "subject": "mo", "amount": "82.500", "unit": "kg", "created_at": 2_000_000},
        {"id": "b", "subject": "mo", "amount": "200", "unit": "lbs", "created_at": 1_000_000},
        {"id": "c", "subject": "ada", "amount": "60.125", "unit": "kg", "created_at": 1},
    ]
    with database.writing() as session:
        session.execute(text(row), rows)
    database.upgrade()
    found = {}
    for subject in ("mo", "ada"):
        with BodyWeightStore(database).reading(subject) as entries:
            page, _ = entries.page(Page(limit=10))
            found[subject] = [(entry.id, entry.weight.text(), entry.weight.unit, entry.change) for entry in page]
            assert entries.counter() == Counter(len(page))
    assert found == {"mo": [("b", "200", "lbs", 1), ("a", "82.5", "kg", 2)], "ada": [("c", "60.125", "kg", 1)]}
    go_back_to(database, "0001")
    with database.reading() as session:
        amounts = session.execute(text("SELECT id, amount FROM body_weights ORDER BY id")).all()
    assert [tuple(each) for each in amounts] == [("a", "82.500"), ("b", "200.000"), ("c", "60.125")]
    database.upgrade()


OLD_COLUMNS = "id, subject, thousandths, unit, created_at, change, stored_at, modified_at, changed_by"


def test_entries_of_before_apps_had_ids_of_their_own_stay_nobodys(database: Database) -> None:
    """And who still writes them as before, an old process beside new ones, can."""
    go_back_to(database, "0008")
    row = f"INSERT INTO body_weights ({OLD_COLUMNS}) VALUES (:id, 'mo', 82500, 'kg', 1, 1, 1, 1, 'app')"
    grave = "INSERT INTO deleted_entries (subject, change, id, deleted_at, changed_by) VALUES ('mo', 2, 'b', 1, 'app')"
    for statements in ([(row, {"id": "a"})], [(row, {"id": "c"}), (grave, {})]):
        with database.writing() as session:
            for statement, values in statements:
                session.execute(text(statement), values)
        database.upgrade()
    with BodyWeightStore(database).reading("mo") as entries:
        page, _ = entries.page(Page(limit=10))
        changes, _ = entries.changes_after(0, 0, 10)
    assert [(entry.id, entry.record) for entry in page] == [("a", None), ("c", None)]
    assert {change.record for change in changes} == {None}
    go_back_to(database, "0008")
    database.upgrade()


@pytest.mark.parametrize("place", ["where the feed was", None], ids=["followed", "never followed"])
def test_webhooks_of_the_release_before_stay_active_until_the_next_doubt(database: Database, place: str | None) -> None:
    hooks = Hooks(database)
    go_back_to(database, "0003")
    columns = ("id", "client_id", "subject", "grant_id", "url", "secret", "status")
    texts = dict(zip(columns, ("a", "app", "mo", "grant", URL, "secret", "active"), strict=True))
    numbers = {"created_at": 1, "confirmed_at": 1, "expires_at": 4_000_000_000_000_000, "last_number": 0, "failures": 0}
    names = [*texts, *numbers]
    row = f"INSERT INTO webhooks ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})"
    with database.writing() as session:
        session.execute(text(row), {**texts, **numbers})
        if place is not None:
            session.execute(text(f"INSERT INTO feed_position VALUES (1, '{place}', 1)"))
    database.upgrade()
    read = FeedPositionStore(database).read()
    assert read == ((place, 1) if place else None)
    assert [status.status for status in hooks.store.all(Owner("app", "mo"))] == ["active"]
    hooks.endings.doubt(place or "", hooks.now)
    assert [status.status for status in hooks.store.all(Owner("app", "mo"))] == ["disabled"]


def test_the_migrations_lead_to_the_tables_that_the_models_describe(database: Database) -> None:
    with database._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
