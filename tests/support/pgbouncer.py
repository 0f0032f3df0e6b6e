"""A PgBouncer in front of a PostgreSQL: in transaction mode with as few server connections as make sharing certain."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from tests.support.polling import eventually
from tests.support.servers import answers, free_port


def pgbouncer_program() -> str | None:
    """The program, if this machine has it. As root it needs somebody else to run as."""
    return shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")


FEW, ENOUGH = 2, 60
"""Connections to the server: in transaction mode all share two, in session mode each connection of ours has its own."""


@contextmanager
def pgbouncer(url: str, mode: str = "transaction", *settings: str) -> Iterator[str]:
    """The URL of the same database through a pooler; `settings` are lines of its configuration."""
    program, place, port = pgbouncer_program(), make_url(url), free_port()
    assert program is not None, "PgBouncer is not installed"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "users").write_text(f'"{place.username}" ""\n')
        (folder / "pgbouncer.ini").write_text(
            f"[databases]\n* = host={place.host} port={place.port}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            f"auth_type = trust\nauth_file = {folder / 'users'}\n"
            f"pool_mode = {mode}\ndefault_pool_size = {FEW if mode == 'transaction' else ENOUGH}\n"
            f"max_client_conn = 200\n" + "".join(f"{setting}\n" for setting in settings)
        )
        become = []
        if os.geteuid() == 0:
            become = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, "postgres", "postgres")
        command = [*become, program, "-q", str(folder / "pgbouncer.ini")]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            eventually(lambda: answers(port))
            yield place.set(port=port).render_as_string()
        finally:
            process.terminate()
            process.wait(60)
