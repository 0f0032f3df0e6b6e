"""A Redis whose machine loses power: what was written and not yet synced to the disk is gone.

A library before the C library (`LD_PRELOAD`, compiled here) notes how long each file was at its last `fdatasync`,
and at a loss of power the append-only file is cut there. Without it, a kill loses nothing: the kernel has the rest.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from tests.support.servers import RedisServer

_NOTES_SYNCS = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int fdatasync(int fd) {
    struct stat before;
    char place[4096], size[32];
    int known = fstat(fd, &before);
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    int done = real(fd);
    if (done == 0 && known == 0) {
        snprintf(place, sizeof place, "%s/%lu", getenv("SYNCED"), (unsigned long)before.st_ino);
        int note = open(place, O_WRONLY | O_CREAT, 0600);
        pwrite(note, size, snprintf(size, sizeof size, "%020ld", (long)before.st_size), 0);
        close(note);
    }
    return done;
}
"""


def compiler() -> str | None:
    """The C compiler, if this machine has one."""
    return shutil.which("gcc") or shutil.which("cc")


class MachineOfRedis:
    """Redis with an append-only file, on a machine that can lose power."""

    def __init__(self, folder: Path, *options: str) -> None:
        program = compiler()
        assert program is not None, "no C compiler is installed"
        library, self._synced = folder / "notes_syncs.so", folder / "synced"
        self._data = folder / "data"
        (folder / "notes_syncs.c").write_text(_NOTES_SYNCS)
        command = [program, "-shared", "-fPIC", "-o", str(library), str(folder / "notes_syncs.c"), "-ldl"]
        subprocess.run(command, check=True)
        self._synced.mkdir()
        self._data.mkdir()
        options = ("--appendonly", "yes", "--auto-aof-rewrite-percentage", "0", *options)
        environment = {"LD_PRELOAD": str(library), "SYNCED": str(self._synced)}
        self.server = RedisServer(self._data, *options, environment=environment)

    @classmethod
    @contextmanager
    def running(cls, folder: Path, *options: str) -> Iterator[Self]:
        machine = cls(folder, *options)
        machine.server.start()
        try:
            yield machine
        finally:
            machine.server.kill()

    def lose_power(self) -> int:
        """And come back with what was synced; how many bytes are gone."""
        self.server.kill()
        lost = 0
        for file in self._data.glob("appendonlydir/*.incr.aof"):
            note = self._synced / str(file.stat().st_ino)
            synced = int(note.read_text()) if note.exists() else 0
            lost += file.stat().st_size - synced
            with file.open("r+b") as opened:
                opened.truncate(synced)
        self.server.start()
        return lost
