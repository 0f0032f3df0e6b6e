"""Connections to PostgreSQL that nobody waits for long, and that know whether a pooler is in between.

A server that is stopped, or whose network swallows everything, still has its packets acknowledged or held back by
kernels, so neither PostgreSQL's own timeouts nor TCP's end a wait for it. Here the caller's side has a deadline.
"""

import select
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar, Self, TypeVar

import psycopg
from psycopg import abc, postgres
from psycopg.abc import PQGen, PQGenConn
from psycopg.adapt import Transformer
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import InvalidSqlStatementName, error_from_result
from psycopg.pq import DiagnosticField, ExecStatus, Format
from psycopg.pq.abc import PGresult

T = TypeVar("T")
Y = TypeVar("Y")

CONNECT = 0.5
"""A server must take a connection within so many seconds; with a statement's they are less than two."""
STATEMENT = 1.2
"""PostgreSQL gives a statement up after so many seconds, also one that waits for a lock."""
ANSWER = 1.45
"""We give it up after so many seconds. Only a server that fell silent lets it come to that."""
PAUSE = 1.0
"""Once in so many seconds a caller finds out whether a silent server answers again; the others are refused at once."""

STARTUP_OPTIONS = f"-c statement_timeout={STATEMENT}s -c lock_timeout={STATEMENT}s -c moogle.options=came"
"""What a server is told with each connection. The last means nothing to it: it shows that the options came there."""
_TEXT, *_JSON = (postgres.types[name].oid for name in ("text", "json", "jsonb"))
_REFUSED_OPTIONS = "unsupported startup parameter"
"""So PgBouncer refuses startup options, unless it is told to ignore them."""


class SilentError(psycopg.OperationalError):
    """No answer came, or none is to be expected."""


class Silence:
    """It remembers that a server fell silent, so that not every caller has to find out by waiting."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = 0.0

    def lasts(self) -> bool:
        """Return whether the server is not to be asked: False for one caller in each pause, who finds out."""
        if not self._until:
            return False
        with self._lock:
            now = time.monotonic()
            if now >= self._until > 0:
                self._until = now + PAUSE
                return False
            return now < self._until

    def begin(self) -> None:
        """Remember that no answer came."""
        with self._lock:
            self._until = time.monotonic() + PAUSE

    def end(self) -> None:
        """Remember that an answer came."""
        if self._until:
            self._until = 0.0


class PostgresqlConnection(psycopg.Connection[Any]):
    """It waits for each answer for a while, and is closed when none comes."""

    silences: ClassVar[dict[tuple[object, ...], Silence]]
    """By address, since of several hosts of one URL one may be silent and another answer."""
    silence: Silence
    patience: float | None = ANSWER
    is_direct = False
    """The server has our startup options: no pooler shares this connection with others."""
    _commits = False
    known_questions: frozenset[bytes] = frozenset()
    """These are prepared; not by psycopg, which knows others."""
    _types: Mapping[bytes, abc.Transformer] = MappingProxyType({})
    """What reads a question's rows, by its name."""

    @classmethod
    def for_one_engine(cls) -> type["PostgresqlConnection"]:
        """Return a class whose connections have their memory of silent servers in common."""
        return type("EngineConnection", (cls,), {"silences": {}})

    @classmethod
    def _connect_gen(cls, conninfo: str = "", **more: Any) -> PQGenConn[Self]:
        """Connect to one address of one host, which psycopg tries in turn; its own `connect_timeout` is too long.

        Some of its patch releases are given that here, as `timeout`, others look after it outside.
        """
        place = conninfo_to_dict(conninfo)
        address = (place.get("host"), place.get("hostaddr"), place.get("port"))
        silence = cls.silences.setdefault(address, Silence())  # in one step, since threads connect at once
        if silence.lasts():
            raise SilentError("the database fell silent a moment ago")
        try:
            connection = yield from _within(CONNECT, super()._connect_gen(conninfo, **more))
        except SilentError:
            silence.begin()
            raise
        silence.end()
        connection.silence = silence
        return connection

    def wait(self, gen: PQGen[T], *args: Any, **kwargs: Any) -> T:
        """Send something and wait for what comes; everything that psycopg does over a connection passes here."""
        if self.patience is None:
            return super().wait(gen, *args, **kwargs)
        if self.silence.lasts():
            self.close()
            raise SilentError("the database fell silent a moment ago")
        try:
            answer = super().wait(_within(self.patience, gen), *args, **kwargs)
        except SilentError:
            if not self._commits:
                self.silence.begin()
            self.close()
            raise
        self.silence.end()
        return answer

    def commit(self) -> None:
        """Commit. Where that takes too long, the server may wait for its standby, and answer others all the same."""
        self._commits = True
        try:
            super().commit()
        finally:
            self._commits = False

    def rows(self, name: bytes, query: bytes, values: Sequence[bytes]) -> list[tuple[Any, ...]]:
        """Return the rows that a query finds, by libpq's own functions: a cursor costs three times as much.

        `$1`, `$2` and so on in the query stand for the values. Where no pooler is in between, it is prepared under its
        name. No transaction may be open, and nobody else may use the connection meanwhile. Texts are in UTF-8. JSON
        comes as its text: most are alike, and to parse three short ones took a third of a whole question's time.

        Raises a psycopg.Error, whatever is wrong; then the connection must not be used again.
        """
        if b"\0" in b"".join(values):
            raise psycopg.DataError("libpq takes a text to end at its first NUL")
        if self.silence.lasts():
            raise SilentError("the database fell silent a moment ago")
        latest = time.monotonic() + ANSWER
        if self.is_direct:
            try:
                result = self._prepared_result(name, query, values, latest)
            except InvalidSqlStatementName:  # psycopg had the server forget everything, at the end of a transaction
                self.known_questions = frozenset()
                result = self._prepared_result(name, query, values, latest)
        else:
            self.pgconn.send_query_params(query, values)
            result = self._result(ExecStatus.TUPLES_OK, latest)
        self.silence.end()
        types = self._types.get(name) or self._found_types(name, result)
        types.set_pgresult(result, set_loaders=False)
        return types.load_rows(0, result.ntuples, tuple)

    def _found_types(self, name: bytes, result: PGresult) -> abc.Transformer:
        """Find out once how a question's rows are read."""
        oids = [result.ftype(column) for column in range(result.nfields)]
        types: abc.Transformer = Transformer(self)
        types.set_loader_types([_TEXT if oid in _JSON else oid for oid in oids], Format.TEXT)
        self._types = {**self._types, name: types}
        return types

    def _prepared_result(self, name: bytes, query: bytes, values: Sequence[bytes], latest: float) -> PGresult:
        if name not in self.known_questions:
            self.pgconn.send_prepare(name, query)
            self._result(ExecStatus.COMMAND_OK, latest)
            self.known_questions |= {name}
        self.pgconn.send_query_prepared(name, values)
        return self._result(ExecStatus.TUPLES_OK, latest)

    def _result(self, expected: ExecStatus, latest: float) -> PGresult:
        """Return what comes of what was just sent."""
        libpq = self.pgconn
        while libpq.flush():
            self._wait_until(latest, _poll(libpq.socket, select.POLLIN | select.POLLOUT))
            libpq.consume_input()
        result = self._next_result(latest)
        rest = self._next_result(latest)  # there is none: the connection is ready for the next question
        if result is not None and result.error_field(DiagnosticField.SQLSTATE):
            raise error_from_result(result)
        if result is None or result.status != expected or rest is not None:
            raise psycopg.OperationalError(libpq.get_error_message())
        return result

    def _next_result(self, latest: float) -> PGresult | None:
        """Return what was answered, then None: that nothing more follows may be in a later packet.

        For what isn't there yet libpq itself would wait without end, and keep the interpreter from all threads.
        """
        libpq = self.pgconn
        while libpq.is_busy():
            self._wait_until(latest, self._readable)
            libpq.consume_input()
        return libpq.get_result()

    @cached_property
    def _readable(self) -> "select.poll":
        return _poll(self.pgconn.socket, select.POLLIN)

    def _wait_until(self, latest: float, poll: "select.poll") -> None:
        if not poll.poll(max(0.0, latest - time.monotonic()) * 1000):  # what is there is read, however late
            self.silence.begin()
            raise SilentError("the database is silent")

    def look_what_is_in_between(self) -> None:
        """Find out whether the startup options came through. Where not, a pooler may share its connections."""
        try:
            self.autocommit = True
            self.is_direct = self.execute("SELECT current_setting('moogle.options', true)").fetchone() == ("came",)
            self.autocommit = False
        except psycopg.Error:
            self.close()
            raise
        if not self.is_direct:
            self.prepare_threshold = None


class Connecting:
    """It makes an engine's connections: with startup options, or as a pooler between us and the server needs them.

    Through a pooler in transaction mode nothing may be asked of a connection that outlives a transaction, so there are
    no startup options and no prepared statements; the role has to have the timeouts.
    """

    def __init__(self, *, pgbouncer: bool) -> None:
        """With `pgbouncer` a pooler is known to be there; else it is found out."""
        self._class = PostgresqlConnection.for_one_engine()
        self._refuses_options = pgbouncer

    def connect(self, parameters: dict[str, Any]) -> PostgresqlConnection:
        """Connect to the first host that answers and is what is asked for. Raises psycopg's OperationalError."""
        if not self._refuses_options:
            options = f"{parameters.get('options', '')} {STARTUP_OPTIONS}".lstrip()
            try:
                connection = self._class.connect(**{**parameters, "options": options})
            except psycopg.OperationalError as error:
                if _REFUSED_OPTIONS not in str(error):
                    raise
                self._refuses_options = True
            else:
                connection.look_what_is_in_between()
                return connection
        return self._class.connect(**{**parameters, "prepare_threshold": None})


def _poll(socket: int, events: int) -> "select.poll":
    poll = select.poll()
    poll.register(socket, events)
    return poll


def _within(seconds: float, steps: Generator[Y, int, T]) -> Generator[Y, int, T]:
    """Take the same steps of psycopg's, which are told at least ten times a second whether something has come."""
    latest = time.monotonic() + seconds
    try:
        waits_for = next(steps)
        while True:
            ready = yield waits_for
            if not ready and time.monotonic() > latest:  # what is there is read, however late this process looks
                raise SilentError("the database is silent")
            waits_for = steps.send(ready)
    except StopIteration as done:
        answer: T = done.value
        return answer
