"""How often SQL and Redis are asked: what speed rests on, counted instead of timed. Redis must be nobody else's."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from redis.connection import AbstractConnection

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
    with statements(database._engine, database._asking) as executed:
        yield asked
    asked.statements = len(executed)
    asked.round_trips = redis.info("stats")["total_reads_processed"] - before - 1
