"""PostgreSQL for tests, in a temporary folder, without durability."""

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from tests.support.polling import eventually
from tests.support.servers import free_port


def postgresql_programs() -> Path | None:
    """The folder of the server's programs, if this machine has them and somebody who may run them."""
    newest = max(Path("/usr/lib/postgresql").glob("*/bin/postgres"), default=None)
    if newest is None or (os.geteuid() == 0 and shutil.which("setpriv") is None):
        return None
    return newest.parent


class PostgresqlServer:
    """One with data in `folder`. It refuses to run as root, so root runs it as `postgres`."""

    def __init__(self, folder: Path) -> None:
        programs = postgresql_programs()
        assert programs is not None, "PostgreSQL is not installed"
        self._programs, self.folder, self.data, self.port = programs, folder, folder / "data", free_port()
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://tests@127.0.0.1:{self.port}/postgres"

    def initialise(self) -> None:
        """Make an empty one."""
        self.run("initdb", "-D", str(self.data), "-U", "tests", "-A", "trust", "--no-sync")

    def start(self, *settings: str) -> None:
        """Return when it answers. `settings` are `name=value`; it does not wait for its disk."""
        more = " ".join(f"-c {setting}" for setting in settings)
        options = f"-p {self.port} -k '' -h 127.0.0.1 -F -c full_page_writes=off {more}"
        self._control("-o", options, "start")

    def stop(self, how: str = "immediate") -> None:
        """`fast`: it writes all that it knows, and its standby has it."""
        self._control("-m", how, "stop")

    def kill(self) -> None:
        """Without a word. Its processes end themselves when their parent is gone; return when they are."""
        lock = self.data / "postmaster.pid"
        parent = int(lock.read_text().split()[0])
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        os.kill(parent, signal.SIGKILL)
        eventually(lambda: not any(map(_is_running, children)))
        lock.unlink()  # else nobody could start it where nobody waits for orphans, as in some containers

    def promote(self) -> None:
        """Make the primary of a standby; return when it is."""
        self._control("promote")

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs as the one who owns the data."""
        become = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        subprocess.run(
            [*become, str(self._programs / program), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
        )

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        """As an operator, outside of a transaction; the rows, if there are any."""
        address = f"host=127.0.0.1 port={self.port} user=tests dbname=postgres"
        with psycopg.connect(address, autocommit=True) as operator:
            cursor = operator.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def _control(self, *arguments: str) -> None:
        self.run("pg_ctl", "-D", str(self.data), "-w", *arguments)


def _is_running(process: str) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextmanager
def running_postgresql(*settings: str) -> Iterator[PostgresqlServer]:
    """An empty one, started with these settings."""
    with tempfile.TemporaryDirectory() as name:
        server = PostgresqlServer(Path(name))
        server.initialise()
        server.start(*settings)
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database."""
    with running_postgresql("synchronous_commit=off", "max_connections=300") as server:
        yield server.url


_numbers = itertools.count(1)


def new_database(url: str, name: str) -> str:
    """The URL of another empty database of the same server. Its name begins so, and no other has it."""
    place, name = make_url(url), f"{name}_{next(_numbers)}"
    server = {"host": place.host, "port": place.port, "user": place.username, "dbname": "postgres"}
    with psycopg.connect(**server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return place.set(database=name).render_as_string()


def end_connections(url: str) -> None:
    """End all that lead to this database, and no others of its server."""
    place = make_url(url)
    server = {"host": place.host, "port": place.port, "user": place.username, "dbname": "postgres"}
    with psycopg.connect(**server, autocommit=True) as operator:
        operator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [place.database])
