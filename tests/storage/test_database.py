"""The authorization server's SQL, on each database."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from auth_service.models.base import Base
from auth_service.models.client import Client
from auth_service.models.consent import Consent
from auth_service.models.grant import GrantRecord
from auth_service.models.resource_server import Scope
from auth_service.storage.database import Database
from shared.service.sql_database import SchemaError

FOR_THE_RELEASE_BEFORE = [("clients", "grace_period")]
"""Columns that only its processes still read and write, while an update goes on."""


def test_the_migrations_lead_to_the_tables_that_the_models_describe_and_back(database: Database) -> None:
    for _ in range(2):
        database.check()
        with database._engine.connect() as connection:
            differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
        assert [each[0] for each in differences] == ["remove_column"] * len(FOR_THE_RELEASE_BEFORE)
        assert [(each[2], each[3].name) for each in differences] == FOR_THE_RELEASE_BEFORE
        with database._engine.begin() as connection:
            config = database.alembic_config()
            config.attributes["connection"] = connection
            command.downgrade(config, "base")
        with pytest.raises(RuntimeError, match="database upgrade"):
            database.check()
        database.upgrade()


def test_of_two_replicas_that_upgrade_at_once_one_waits_for_the_other(sql_url: str) -> None:
    first, second = Database(sql_url), Database(sql_url)
    with first._engine.begin() as connection:
        config = first.alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    with ThreadPoolExecutor() as threads:
        began: list[Future[None]] = []

        @event.listens_for(first._engine, "commit")
        def before_commit(_connection: Connection) -> None:
            began.append(threads.submit(second.upgrade))
            time.sleep(0.3)
            assert not began[0].done()

        first.upgrade()
        began[0].result(timeout=60)
    for each in (first, second):
        each.check()
        each.close()


def test_a_later_releases_schema_will_do_if_it_has_all_that_is_written_and_read_here(database: Database) -> None:
    """As while an update goes on, when replicas of the release before run, and start, beside the new ones."""
    with database.writing() as session:
        session.execute(text("ALTER TABLE clients ADD COLUMN colour VARCHAR(8)"))
        session.execute(text("ALTER TABLE clients ADD COLUMN size INTEGER NOT NULL DEFAULT 1"))
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.check()
    database.upgrade()
    with database.writing() as session:
        session.execute(text("ALTER TABLE clients RENAME COLUMN name TO title"))
    with pytest.raises(SchemaError) as refused:
        database.check()
    assert str(refused.value) == (
        "the schema is at 9999, a later release's, in which clients.name is gone, clients.title has no default: "
        "update the service"
    )
    with database.writing() as session:
        session.execute(text("ALTER TABLE clients RENAME COLUMN title TO name"))
        for column in ("colour", "size"):
            session.execute(text(f"ALTER TABLE clients DROP COLUMN {column}"))
        newest = max(each.stem for each in (database.migrations / "versions").glob("[0-9]*.py")).partition("_")[0]
        session.execute(text("UPDATE alembic_version SET version_num = :newest"), {"newest": newest})


def test_what_an_older_version_stored_is_kept(sql_url: str) -> None:
    database = Database(sql_url)
    with database._engine.begin() as connection:
        config = database.alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        command.upgrade(config, "0001")
    at = "2026-01-31 07:30:00+00:00"
    with database.writing() as session:
        for insert in (
            f"INSERT INTO accounts VALUES ('acct_mo', 'mo', 'a hash', 0, '{at}', NULL)",
            f"INSERT INTO clients VALUES ('app', 'App', 'a digest', '[]', '[]', '[]', NULL, 0, 'own', '{at}', NULL)",
            f"INSERT INTO clients VALUES ('native', 'N', NULL, '[]', '[]', '[]', NULL, 30, 'own', '{at}', NULL)",
            f"INSERT INTO consents VALUES ('acct_mo', 'app', 'read', '{at}')",
            f"INSERT INTO grants VALUES ('a grant', 'acct_mo', 'app', '[]', '[]', '{at}', NULL, NULL, NULL)",
            f"INSERT INTO resource_servers VALUES ('fit', 'https://fit.example/', 'a digest', '{at}')",
            "INSERT INTO scopes VALUES ('read', 'See it', 'fit')",
        ):
            session.execute(text(insert))
    database.upgrade()
    with database.reading() as session:
        found = list(session.query(Client))
        clients = {client.client_id: (client.public, client.retry) for client in found}
        assert clients == {"app": (False, "strict"), "native": (True, "until-used")}
        assert [(each.publisher, each.home_page_host, each.home_page_assured) for each in found] == [
            (None, None, False)
        ] * 2
        assert [(grant.id, grant.client_id, grant.account_id) for grant in session.query(GrantRecord)] == [
            ("a grant", "app", "acct_mo")
        ]
        assert [scope.resource_server_name for scope in session.query(Scope)] == ["fit"]
        assert [consent.scope for consent in session.query(Consent)] == ["read"]
    with pytest.raises(IntegrityError), database.writing() as session:
        session.execute(text("DELETE FROM clients"))
    database.close()


def test_an_error_does_not_tell_what_was_to_be_stored(database: Database) -> None:
    with pytest.raises(DBAPIError) as raised, database.writing() as session:
        session.execute(text("INSERT INTO nowhere VALUES (:secret)"), {"secret": "a password's hash"})
    assert "a password's hash" not in str(raised.value)


def test_a_question_of_one_row_is_no_transaction(database: Database) -> None:
    """PostgreSQL would be told of its begin and its end, and undo what is written here."""
    version = database.row(text("DELETE FROM alembic_version RETURNING version_num"))
    with pytest.raises(RuntimeError, match="None"):
        database.check()
    database.row(text("INSERT INTO alembic_version VALUES (:version) RETURNING 1"), version=version[0])
    database.check()


def test_a_transaction_after_a_question_is_one(database: Database) -> None:
    database.row(text("SELECT 1"))
    with suppress(ZeroDivisionError), database.writing() as session:
        session.execute(text("DELETE FROM alembic_version"))
        raise ZeroDivisionError
    database.check()
