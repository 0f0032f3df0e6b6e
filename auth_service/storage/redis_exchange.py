"""One round trip to Redis for what every token request does, without the layers of redis-py's client around it.

A connection is redis-py's own, so addresses, passwords, TLS and timeouts mean the same here and there.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import redis
from hiredis import pack_command

from auth_service.storage.redis_master import identity_at
from shared.redis.connecting import unopened_connection
from shared.resource_server.process import reset_after_fork, seconds

Command = tuple[str | int, ...]


class Exchange(ABC):
    """Sends commands together and reads their answers, wherever their keys are.

    `since` is a moment by `seconds()` at which the Redis that is asked has to have been there; None: a moment ago.
    """

    def ask(self, *commands: Command, since: float | None = None) -> list[Any]:
        """The answers to the commands, in their order. Raises redis.RedisError, also what a command answers."""
        return without_errors(self.answers(*commands, since=since))

    @abstractmethod
    def answers(self, *commands: Command, since: float | None = None) -> list[Any]:
        """The same, with what Redis answers as an error in its place. Raises redis.RedisError where none came."""


def without_errors(answers: list[Any]) -> list[Any]:
    """These answers. Raises the first redis.ResponseError among them."""
    for answer in answers:
        if isinstance(answer, redis.ResponseError):
            raise answer
    return answers


class _LeftError(redis.ConnectionError):
    """A connection led to another Redis than the one that was meant."""


class RedisExchange(Exchange):
    """Sends commands together and reads their answers, all of one Redis.

    What got no answer is sent once more over a fresh connection, then the error stands: so only reads go this way, and
    scripts that recognise their own repetition. Raises redis.RedisError.
    """

    def __init__(self, pool: redis.ConnectionPool, whom: Callable[[float | None], str]) -> None:
        """`whom` says which Redis may be asked, and is given since when that has to be known."""
        self._pool = pool
        self._whom = whom
        self._idle: list[redis.Connection] = []
        reset_after_fork(self)

    def reset(self) -> None:
        """Leave the connections to the parent process."""
        self._idle = []

    def answers(self, *commands: Command, since: float | None = None) -> list[Any]:
        """The same, with what Redis answers as an error in its place."""
        connection = self._connection(since)
        try:
            return self._answers_over(connection, commands)
        except (redis.ConnectionError, redis.TimeoutError):
            self._idle.clear()  # when one is broken, all probably are
            return self._answers_over(self._connection(since), commands)

    def _connection(self, since: float | None) -> redis.Connection:
        try:
            return self._connection_to(self._whom(since))
        except _LeftError:
            return self._connection_to(self._whom(seconds()))

    def _connection_to(self, master: str) -> redis.Connection:
        while True:
            try:
                idle = self._idle.pop()
            except IndexError:
                break
            if identity_at(idle) == master:
                return idle
            idle.disconnect()  # type: ignore[no-untyped-call]
        connection = unopened_connection(self._pool)
        connection.connect()  # type: ignore[no-untyped-call]
        if identity_at(connection) != master:
            connection.disconnect()  # type: ignore[no-untyped-call]
            raise _LeftError("another Redis answers than a moment ago")
        return connection

    def _answers_over(self, connection: redis.Connection, commands: Sequence[Command]) -> list[Any]:
        packed = b"".join([pack_command(command) for command in commands])  # type: ignore[arg-type]  # their hint means one
        connection.send_packed_command((packed,), check_health=False)  # type: ignore[no-untyped-call]
        answers = [_answer(connection) for _ in commands]
        self._idle.append(connection)
        return answers


def _answer(connection: redis.Connection) -> Any:
    """One answer; an error that Redis answers is one too, after which the next can be read."""
    try:
        return connection.read_response()
    except redis.ResponseError as error:
        return error
