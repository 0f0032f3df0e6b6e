"""Stops a PostgreSQL as a hung host would: its connections stay open, kernels acknowledge, and nothing is answered."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from sqlalchemy import make_url


@contextmanager
def silenced(url: str) -> Iterator[None]:
    """Stop every process of the server at `url`, which runs on this machine, and let them go on afterwards."""
    place = make_url(url)
    with psycopg.connect(host=place.host, port=place.port, user=place.username, dbname=place.database) as connection:
        status = Path(f"/proc/{connection.info.backend_pid}/status").read_text()
    [parent] = [line for line in status.splitlines() if line.startswith("PPid:")]
    postmaster = int(parent.split()[1])
    os.kill(postmaster, signal.SIGSTOP)  # first, so that no new children come
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    stopped = [postmaster, *map(int, children)]
    for process in stopped[1:]:
        _send(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in stopped:
            _send(process, signal.SIGCONT)


def _send(process: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # a connection may have ended meanwhile
        os.kill(process, number)
