"""What may be wrong with a service's SQL database."""

import shutil
import time
from collections.abc import Iterator

from shared.operations.doctor import Finding
from shared.service.sql_database import SchemaError, SqlDatabase

CLOCKS_AGREE_WITHIN = 2.0
"""Seconds."""
_FREE_AT_LEAST = 0.1
"""Of the disk with SQLite's file."""


def sql_findings(database: SqlDatabase) -> Iterator[Finding]:
    """Schema, writing, clock and room. Raises what a database raises that can't be asked."""
    try:
        database.check()
    except SchemaError as error:
        yield Finding(error.problem, f"{error.remedy[0].upper()}{error.remedy[1:]}")
        return
    database.check_writing()
    before, server, after = time.time(), database.server_time(), time.time()
    if server is not None and not before - CLOCKS_AGREE_WITHIN < server < after + CLOCKS_AGREE_WITHIN:
        yield Finding(
            f"PostgreSQL's clock and this machine's are {abs(server - before):.0f} s apart", "Run NTP on both"
        )
    for timeout in database.missing_timeouts():
        yield Finding(
            f"PostgreSQL's {timeout} is 0 for our role, since a pooler in between drops what we ask for",
            f"Run `ALTER ROLE … SET {timeout} = '1200ms'`, then let the pooler make new connections",
        )
    if database.file is not None:
        disk = shutil.disk_usage(database.file.parent)
        if disk.free < _FREE_AT_LEAST * disk.total:
            yield Finding(
                f"the disk of {database.file} is {100 - 100 * disk.free // disk.total} % full",
                "Make room, or move the database: a full disk is an outage of all that writes",
            )
