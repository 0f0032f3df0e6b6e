"""A backup of a service's SQL database into one file, while the service goes on.

Each is as of one moment. SQLite's own backup copies pages; of PostgreSQL, `pg_dump` writes its custom format.
"""

import os
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, make_url

from shared.service.sql_engine import SQL_OUTAGES, sql_engine

Progress = Callable[[int], None]
"""Told how many bytes were written."""

_PAGES = 2_000
"""Pages of SQLite's between two words of progress."""
_LOOK_EVERY = 1.0
"""Seconds between looks at what `pg_dump` has written."""


class BackupError(Exception):
    """There is no backup now; the message says why and what helps."""


def back_up(url: str, file: Path, progress: Progress) -> int:
    """Write a backup of the database at this SQLAlchemy URL, which only the file's owner can read; its bytes.

    The file appears when it is whole and on the disk. Raises BackupError: there is one of that name already, or the
    database could not be read.
    """
    if file.exists():
        raise BackupError(f"{file} exists: choose another name, or remove it first")
    part = file.with_name(f"{file.name}.part")
    try:
        descriptor = os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        os.close(descriptor)
        place = make_url(url)
        if place.get_backend_name() == "sqlite":
            _copy_sqlite(place, part, progress)
        else:
            _refuse_a_pooler(url)
            _dump_postgresql(place, part, progress)
        _sync(part)
        part.rename(file)
        _sync(file.parent)
    except OSError as error:
        raise BackupError(f"{file} can't be written ({error.strerror})") from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return file.stat().st_size


def _copy_sqlite(place: URL, part: Path, progress: Progress) -> None:
    """The read transaction makes it one moment's: else each write of another process would begin the copy anew."""
    if not place.database or not Path(place.database).exists():
        raise BackupError(f"there is no SQLite file {place.database or ''}: look at the database URL")
    try:
        with (
            closing(sqlite3.connect(Path(place.database), isolation_level=None)) as source,
            closing(sqlite3.connect(part)) as target,
        ):
            source.execute("BEGIN")
            source.execute("SELECT 1 FROM sqlite_master").fetchone()
            (page_size,) = source.execute("PRAGMA page_size").fetchone()
            source.backup(target, pages=_PAGES, progress=lambda _, left, all_: progress((all_ - left) * page_size))
            target.execute("PRAGMA journal_mode=DELETE")  # so that one file is all there is
    except sqlite3.Error as error:
        raise BackupError(f"{place.database} could not be copied ({error}): repeat the command") from None


def _refuse_a_pooler(url: str) -> None:
    """`pg_dump` empties the search path of its connection, which a pooler would then give to a service."""
    engine = sql_engine(url, pgbouncer=False)
    try:
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            if driver.is_direct:
                return
    except SQL_OUTAGES:
        return  # pg_dump will say why
    finally:
        engine.dispose()
    raise BackupError(
        "this database URL leads to a pooler, whose connections pg_dump would spoil for the services: "
        "name PostgreSQL itself in it, for this command"
    )


def _dump_postgresql(place: URL, part: Path, progress: Progress) -> None:
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415 - who has SQLite does without

    server: dict[str, Any] = {**place.get_dialect()().create_connect_args(place)[1]}
    password = server.pop("password", None)
    target = make_conninfo(**server)
    command = ["pg_dump", "--format=custom", "--no-password", f"--file={part}", f"--dbname={target}"]
    secret = {} if password is None else {"PGPASSWORD": str(password)}  # others can read a command's arguments
    try:
        dump = subprocess.Popen(  # noqa: S603 - the operator's own database URL
            command, env={**os.environ, **secret}, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
    except FileNotFoundError:
        raise BackupError(
            "pg_dump is not installed here: install PostgreSQL's client programs (Debian: postgresql-client), "
            "of the server's version or a newer one"
        ) from None
    with dump:
        said = _wait(dump, part, progress)
    if dump.returncode != 0:
        why = next(iter(said.strip().splitlines()), f"it ended with {dump.returncode}")
        raise BackupError(f"the database could not be read: {why}")


def _wait(dump: "subprocess.Popen[str]", part: Path, progress: Progress) -> str:
    """What it said."""
    while True:
        try:
            return dump.communicate(timeout=_LOOK_EVERY)[1]
        except subprocess.TimeoutExpired:
            progress(part.stat().st_size)
        except BaseException:
            dump.kill()
            raise


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
