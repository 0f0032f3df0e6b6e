"""gunicorn as a process that a test can kill, stop for a while, restart on its port and reload."""

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from tests.support.polling import eventually

ROOT = Path(__file__).resolve().parents[2]


class GunicornProcess:
    """Serves one application. What it writes to stderr goes to `log`."""

    def __init__(
        self, app: str, port: int, environment: dict[str, str], *options: str, log: Path, code: Path = ROOT
    ) -> None:
        """`code` is the folder with the packages."""
        self.port, self._code = port, code
        program = str(Path(sys.executable).with_name("gunicorn"))
        self._command = [program, *options, "-b", f"127.0.0.1:{port}", app]
        self._app, self._options = app, options
        self._environment = {**os.environ, **environment}
        self._log = log

    @classmethod
    @contextmanager
    def running(
        cls, app: str, port: int, environment: dict[str, str], *options: str, log: Path, code: Path = ROOT
    ) -> Iterator[Self]:
        """Start one; it may not answer yet."""
        gunicorn = cls(app, port, environment, *options, log=log, code=code)
        gunicorn.start()
        try:
            yield gunicorn
        finally:
            gunicorn.stop()

    @contextmanager
    def replica(self, port: int, app: str | None = None, **environment: str) -> Iterator["GunicornProcess"]:
        """Another one of the same, started; or of another application for tests, with more in its environment."""
        everything = {**self._environment, **environment}
        with self.running(
            app or self._app, port, everything, *self._options, log=self._log, code=self._code
        ) as replica:
            yield replica

    def start(self) -> None:
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._code, env=self._environment, stderr=log, start_new_session=True
            )

    def terminate(self) -> None:
        """Tell it to stop, as an operator does."""
        self._process.terminate()

    def stop(self) -> None:
        """Tell it to stop, and wait until it has."""
        self.terminate()
        self._process.wait(50)

    def kill(self) -> None:
        """The master and its workers, all at once and without a word."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(60)

    def reload(self) -> None:
        """Replace the workers."""
        self._process.send_signal(signal.SIGHUP)

    def workers(self) -> set[int]:
        """Process ids."""
        master = self._process.pid
        return set(map(int, Path(f"/proc/{master}/task/{master}/children").read_text().split()))

    def wait_until_ready(self, path: str = "/health/ready", within: float = 60.0) -> None:
        eventually(lambda: self._answers(path), within)

    def _answers(self, path: str) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers={"Host": f"localhost:{self.port}"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
