"""A primary with a streaming standby, which may have to confirm each commit, and the URL that names both."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import CalledProcessError

from tests.support.polling import eventually
from tests.support.postgresql import PostgresqlServer


class PostgresqlPair:
    """Two servers; `primary` and `standby` say which one is what by now."""

    def __init__(self, folder: Path) -> None:
        for name in ("first", "second"):
            (folder / name).mkdir(mode=0o755)
        self.first, self.second = PostgresqlServer(folder / "first"), PostgresqlServer(folder / "second")
        self.primary, self.standby = self.first, self.second

    @classmethod
    @contextmanager
    def running(cls) -> Iterator["PostgresqlPair"]:
        """The standby has to confirm each commit of the primary (`synchronous_standby_names`)."""
        with tempfile.TemporaryDirectory() as name:
            Path(name).chmod(0o755)
            pair = cls(Path(name))
            pair.first.initialise()
            pair.first.start()
            pair.join()
            try:
                yield pair
            finally:
                for server in (pair.first, pair.second):
                    with suppress(CalledProcessError):  # which doesn't run any more
                        server.stop()

    def url(self, database: str) -> str:
        """As SQLAlchemy spells several hosts."""
        hosts = "&".join(f"host=127.0.0.1:{server.port}" for server in (self.first, self.second))
        return f"postgresql+psycopg://tests@/{database}?{hosts}"

    def join(self) -> None:
        """Make the standby anew from the primary, and let commits wait for it from now on."""
        if self.standby.data.exists():
            shutil.rmtree(self.standby.data)
        source = ("-h", "127.0.0.1", "-p", str(self.primary.port), "-U", "tests")
        self.standby.run("pg_basebackup", "-D", str(self.standby.data), *source, "-R", "-c", "fast", "--no-sync")
        self.standby.start()
        eventually(lambda: self.primary.execute("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'"))
        self.primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.primary.execute("ALTER SYSTEM SET synchronous_commit = remote_apply")
        self.primary.execute("SELECT pg_reload_conf()")
        eventually(lambda: self.primary.execute("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"))

    def restore(self) -> None:
        """After a test: who took over keeps the data and is the first from now on, with a new standby."""
        if self.primary is not self.first:
            with suppress(CalledProcessError):  # which was killed
                self.standby.stop()
            self.first, self.second = self.primary, self.standby
            self.join()

    def promote(self) -> None:
        """Let the standby take over. It waits for nobody, until another joins."""
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary
