"""Places in another process where a test can stop it for a while or have it killed. Both sides share a folder."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "TEST_FAILPOINTS"
"""The environment variable that names the folder."""


class Failpoints:
    """A file named after a place says what is to happen there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def holding(self, *places: str) -> Iterator[None]:
        """Whoever comes to one of these places stays there until the block ends."""
        for place in places:
            self._file(place).write_text("hold")
        try:
            yield
        finally:
            for place in places:
                self._file(place).unlink()

    def kill_next_at(self, place: str) -> None:
        """Whoever comes there first is killed."""
        self._file(place).write_text("die")

    def is_reached(self, place: str) -> bool:
        return self._file(f"{place}.reached").exists()

    def reach(self, place: str) -> None:
        """Said by the process itself."""
        try:
            order = self._file(place).read_text()
        except FileNotFoundError:
            return
        self._file(f"{place}.reached").touch()
        if order == "die":
            self._file(place).unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        while self._file(place).exists():
            time.sleep(0.01)

    def _file(self, place: str) -> Path:
        return self._folder / place
