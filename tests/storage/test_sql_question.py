"""A question that is asked past SQLAlchemy's layers says what the same query says in the usual way, or fails alike."""

from collections.abc import Iterator
from contextlib import closing
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import bindparam, func, select, text
from sqlalchemy.exc import DataError, DBAPIError, OperationalError, ProgrammingError

from auth_service.models.base import now
from auth_service.models.client import Client, new_client_id
from auth_service.storage.database import Database
from shared.service.sql_engine import SQL_OUTAGES
from shared.service.sql_question import HeldConnections, Question
from tests.support.late_ends import late_ends
from tests.support.polling import eventually
from tests.support.postgresql import PostgresqlServer, new_database, postgresql_programs, running_postgresql
from tests.support.silence import silenced

pytestmark = pytest.mark.usefixtures("usual_patience_with_postgresql")

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
        assert [question.ask(client_id=client_id) or ()] == (question.rows_as_usual(client_id=client_id) or [()])
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
    assert answers == question.rows_as_usual(client_id=app) * 600


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


def test_a_text_does_not_end_at_a_nul(database: Database, question: Question, app: str) -> None:
    add_client(database, app)
    try:
        found = question.ask(client_id=f"{app}\0more")
    except DataError:  # PostgreSQL has no such text
        found = None
    assert found is None


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    """Nobody else's: what these tests do to it would disturb others."""
    if postgresql_programs() is None:
        pytest.skip("needs PostgreSQL")
    with running_postgresql() as server:
        yield server


@pytest.fixture
def on_server(server: PostgresqlServer) -> Iterator[tuple[PostgresqlServer, Database, Question]]:
    database = Database(new_database(server.url, "auth"))
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


def test_what_psycopg_had_the_server_forget_is_prepared_again(
    on_server: tuple[PostgresqlServer, Database, Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it does at a ROLLBACK, for all that is prepared over a connection."""
    _, _, question = on_server
    monkeypatch.setattr(Question, "rows_as_usual", lambda *_, **__: [])
    connection = question._held.take()
    connection.exec_driver_sql("DEALLOCATE ALL")
    question._held.give_back(connection)
    for _ in range(2):
        assert question.ask(client_id="app") is not None


def test_an_answer_whose_end_is_missing_is_an_outage_and_its_connection_is_not_used_again(
    on_server: tuple[PostgresqlServer, Database, Question],
) -> None:
    _, database, _ = on_server
    add_client(database, "late")
    with late_ends(database._engine.url.render_as_string(), "late") as url, closing(Database(url)) as slow:
        question = slow.question(QUERY)
        assert question.ask(client_id="app") is not None
        with pytest.raises(SQL_OUTAGES):
            question.ask(client_id="late")
        assert slow._held._idle == []


def test_an_error_whose_code_nobody_knows_is_one_of_sqlalchemys(
    on_server: tuple[PostgresqlServer, Database, Question],
) -> None:
    _, database, _ = on_server
    raising = "BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'MY001'; END"
    with database.writing() as session:
        session.execute(text(f"CREATE FUNCTION refuse() RETURNS text LANGUAGE plpgsql AS $$ {raising} $$"))
    with pytest.raises(DBAPIError, match="no"):
        database.question(select(func.refuse())).ask()


def test_a_text_is_found_in_a_database_of_any_encoding(server: PostgresqlServer) -> None:
    server.execute("CREATE DATABASE western ENCODING LATIN1 LOCALE 'C' TEMPLATE template0")
    with closing(Database(server.url.replace("/postgres", "/western"))) as database:
        database.upgrade()
        add_client(database, "é")
        assert database.question(QUERY).ask(client_id="é") is not None


def test_a_server_that_became_read_only_is_not_believed_over_a_kept_connection(
    on_server: tuple[PostgresqlServer, Database, Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, _, question = on_server
    asked = list[str]()
    monkeypatch.setattr(Question, "rows_as_usual", lambda _, client_id: asked.append(client_id) or [])
    assert question.ask(client_id="app") is not None
    assert asked == []
    server.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    server.execute("SELECT pg_reload_conf()")
    try:
        eventually(lambda: question.ask(client_id="app") is None)
        assert asked == ["app"]
    finally:
        server.execute("ALTER SYSTEM RESET ALL")
        server.execute("SELECT pg_reload_conf()")


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
