"""A PostgreSQL of its own for tests, in a temporary folder, without durability."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from tests.support.servers import free_port


def postgresql_programs() -> Path | None:
    """The folder of the server's programs, if this machine has them and somebody who may run them."""
    newest = max(Path("/usr/lib/postgresql").glob("*/bin/postgres"), default=None)
    if newest is None or (os.geteuid() == 0 and shutil.which("setpriv") is None):
        return None
    return newest.parent


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database. The server refuses to run as root, so root runs it as `postgres`."""
    programs, port = postgresql_programs(), free_port()
    assert programs is not None, "PostgreSQL is not installed"
    become = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if os.geteuid() == 0:
            become = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            shutil.chown(folder, "postgres", "postgres")
        data = folder / "data"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
        initdb = [*become, str(programs / "initdb"), "-D", str(data), "-U", "tests", "-A", "trust", "--no-sync"]
        subprocess.run(initdb, check=True, **quiet)  # type: ignore[call-overload]
        options = f"-p {port} -k {folder} -h 127.0.0.1 -F -c synchronous_commit=off -c full_page_writes=off"
        control = [*become, str(programs / "pg_ctl"), "-D", str(data), "-w"]
        subprocess.run([*control, "-o", options, "start"], check=True, **quiet)  # type: ignore[call-overload]
        try:
            yield f"postgresql+psycopg://tests@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, **quiet)  # type: ignore[call-overload]


def new_database(url: str, name: str) -> str:
    """The URL of another empty database of the same server."""
    place = make_url(url)
    server = {"host": place.host, "port": place.port, "user": place.username, "dbname": place.database}
    with psycopg.connect(**server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return place.set(database=name).render_as_string()
