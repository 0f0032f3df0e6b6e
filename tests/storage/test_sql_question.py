"""A question that is asked past SQLAlchemy's layers says what the same query says in the usual way, or fails alike."""

from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import bindparam, select, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from auth_service.models.base import now
from auth_service.models.client import Client, new_client_id
from auth_service.storage.database import Database
from shared.service.sql_engine import SQL_OUTAGES
from shared.service.sql_question import HeldConnections, Question
from tests.support.polling import eventually
from tests.support.postgresql import PostgresqlServer, postgresql_programs, running_postgresql
from tests.support.silence import silenced

QUERY = select(
    Client.client_id,
    Client.redirect_uris,  # JSON
    Client.jwks,  # JSON, or nothing
    Client.created_at,
    Client.dpop_bound_access_tokens,
    Client.access_token_lifetime,
    Client.scopes.label("allowed"),
).where(Client.client_id == bindparam("client_id"), Client.deleted_at.is_(None))


def add_client(database: Database, client_id: str, **members: Any) -> None:
    with database.writing() as session:
        session.add(
            Client(
                client_id=client_id,
                name="App",
                redirect_uris=("https://app.example/cb",),
                grant_types=(),
                scopes=("read", "write"),
                own_grant_id=client_id,
                **members,
            )
        )


@pytest.fixture
def app() -> str:
    """A client's id."""
    return new_client_id()


@pytest.fixture
def question(database: Database) -> Iterator[Question]:
    held = HeldConnections(database._asking)
    yield Question(held, QUERY)
    held.close()


def test_its_values_are_of_the_types_that_the_models_say(database: Database, question: Question, app: str) -> None:
    other = new_client_id()
    add_client(database, app)
    add_client(database, other, jwks={"keys": []}, access_token_lifetime=7, dpop_bound_access_tokens=True)
    for client_id in (app, other, "nobody", app):
        assert question.ask(client_id=client_id) == question.ask_as_usual(client_id=client_id)
    row = question.ask(client_id=other)
    assert row is not None
    assert row[1:3] == (("https://app.example/cb",), {"keys": []})
    assert (row[4], row[5], row[6]) == (True, 7, ("read", "write"))


def test_it_sees_what_was_committed_before_it_was_asked(database: Database, question: Question, app: str) -> None:
    assert question.ask(client_id=app) is None
    add_client(database, app)
    assert question.ask(client_id=app) is not None
    with database.writing() as session:
        session.get_one(Client, app).deleted_at = now()
    assert question.ask(client_id=app) is None


def test_many_may_ask_at_once(database: Database, question: Question, app: str) -> None:
    add_client(database, app)
    answers = list[Any]()

    def ask() -> None:
        answers.extend(question.ask(client_id=app) for _ in range(50))

    threads = [Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == [question.ask_as_usual(client_id=app)] * 600


def test_what_the_database_refuses_is_an_error_of_sqlalchemys(database: Database, question: Question, app: str) -> None:
    with database.writing() as session:
        session.execute(text("ALTER TABLE clients RENAME TO taken_away"))
    try:
        with pytest.raises((OperationalError, ProgrammingError)):
            question.ask(client_id=app)
    finally:
        with database.writing() as session:
            session.execute(text("ALTER TABLE taken_away RENAME TO clients"))
    assert question.ask(client_id=app) is None


@pytest.fixture
def server() -> Iterator[PostgresqlServer]:
    if postgresql_programs() is None:
        pytest.skip("needs PostgreSQL")
    with running_postgresql() as server:
        yield server


@pytest.fixture
def on_server(server: PostgresqlServer) -> Iterator[tuple[PostgresqlServer, Database, Question]]:
    database = Database(server.url)
    database.upgrade()
    add_client(database, "app")
    held = HeldConnections(database._asking)
    question = Question(held, QUERY)
    assert question.ask(client_id="app") is not None
    yield server, database, question
    held.close()
    database.close()


def test_a_connection_that_was_cut_is_left_and_the_question_answered(
    on_server: tuple[PostgresqlServer, Database, Question],
) -> None:
    server, _, question = on_server
    server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    assert question.ask(client_id="app") is not None


def test_a_server_that_became_read_only_is_not_believed_over_a_kept_connection(
    on_server: tuple[PostgresqlServer, Database, Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, _, question = on_server
    asked = list[str]()
    monkeypatch.setattr(Question, "ask_as_usual", lambda _, client_id: asked.append(client_id))
    assert question.ask(client_id="app") is not None
    assert asked == []
    server.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    server.execute("SELECT pg_reload_conf()")
    eventually(lambda: question.ask(client_id="app") is None)
    assert asked == ["app"]


def test_a_server_that_fell_silent_is_an_outage_and_answers_again(
    on_server: tuple[PostgresqlServer, Database, Question],
) -> None:
    server, _, question = on_server
    with silenced(server.url):
        for _ in range(2):
            with pytest.raises(SQL_OUTAGES):
                question.ask(client_id="app")

    def answers() -> bool:
        try:
            return question.ask(client_id="app") is not None
        except SQL_OUTAGES:
            return False

    eventually(answers)
