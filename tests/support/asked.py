"""How often SQL and Redis are asked: what speed rests on, counted instead of timed. Redis must be nobody else's."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from redis.connection import AbstractConnection

from shared.service.sql_question import Question
from tests.support.query_plans import statements
from tests.support.stack import Stack


@contextmanager
def scripts_sent() -> Iterator[list[int]]:
    """How many scripts each request to Redis carries that this process sends while a block runs, if it carries several.

    Those that carry one may be other stacks' of this process.
    """
    sent: list[int] = []
    send = AbstractConnection.send_packed_command

    def note(connection: AbstractConnection, command: bytes | Sequence[bytes], check_health: bool = True) -> None:
        scripts = (command if isinstance(command, bytes) else b"".join(command)).count(b"$7\r\nEVALSHA\r\n")
        sent.extend([scripts] if scripts > 1 else [])
        send(connection, command, check_health)  # type: ignore[no-untyped-call]

    AbstractConnection.send_packed_command = note  # type: ignore[method-assign]
    try:
        yield sent
    finally:
        AbstractConnection.send_packed_command = send  # type: ignore[method-assign]


@contextmanager
def questions() -> Iterator[list[str]]:
    """The texts of those that this process asks past SQLAlchemy while a block runs."""
    asked: list[str] = []
    find = Question._found

    def note(question: Question, driver: Any, parameters: dict[str, str]) -> Any:
        asked.append(question._text)
        return find(question, driver, parameters)

    Question._found = note  # type: ignore[method-assign]
    try:
        yield asked
    finally:
        Question._found = find  # type: ignore[method-assign]


class Asked:
    """How often SQL and Redis were asked while a block ran."""

    statements = 0
    round_trips = 0

    def counts(self) -> tuple[int, int]:
        return self.statements, self.round_trips


@contextmanager
def counting(stack: Stack) -> Iterator[Asked]:
    asked, redis, database = Asked(), stack.parts.redis.reads, stack.parts.database
    before = redis.info("stats")["total_reads_processed"]
    with statements(database._engine, database._asking) as executed, questions() as asked_directly:
        yield asked
    asked.statements = len(executed) + len(asked_directly)
    asked.round_trips = redis.info("stats")["total_reads_processed"] - before - 1
