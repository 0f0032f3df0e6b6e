"""What services of the tests' process needn't do: be slow on purpose, wait for a disk, compile a template again."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any

import pytest
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from auth_service import stores
from shared.service import sql_engine
from tests.support.passwords import QUICK_HASHER

_configure_sqlite = sql_engine._configure_sqlite


@contextmanager
def quick_services() -> Iterator[None]:
    """Services of this process hash passwords in no time, and leave it to the kernel when SQLite's files are written:
    no test takes its power. Those that are made after others have their templates, compiled.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stores, "HasherInTurns", lambda _: QUICK_HASHER)
        patch.setattr(sql_engine, "_configure_sqlite", _configure_sqlite_without_waiting)
        patch.setitem(Flask.jinja_options, "bytecode_cache", _CompiledTemplates())
        yield


def _configure_sqlite_without_waiting(connection: Any, record: object) -> None:
    _configure_sqlite(connection, record)
    connection.execute("PRAGMA synchronous=OFF")


class _CompiledTemplates(BytecodeCache):
    """Kept in memory, by their files and digests."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._compiled.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._compiled[bucket.key, bucket.checksum] = bucket.code
