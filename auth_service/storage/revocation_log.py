"""The revocation log in Redis, one stream per shard: read after a cursor. What ends a token appends to it (`*.lua`).

A cursor is `incarnation.position.position…`, one position for each shard. Clients take it for an opaque string.
"""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass

from auth_service.storage.grant_keys import log_key
from auth_service.storage.lua_script import LuaScript
from auth_service.storage.redis_connection import RedisClients

BATCH_SIZE = 1_000
"""At most so many entries are read at a time, of all shards together."""

_CURSOR = re.compile(r"([A-Za-z0-9_-]{16})((?:\.[0-9]{1,19}-[0-9]{1,19})+)")


@dataclass(frozen=True, slots=True)
class RevocationEntry:
    """One end: of a grant with all its tokens, or, with `jti`, of this access token alone. With `scope`, of a part."""

    grant_id: str
    jti: str | None
    scope: str | None
    """What a grant that was narrowed still allows."""
    audience: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LogBatch:
    """What a reader gets for a cursor, and the cursor to go on with."""

    cursor: str
    known: bool
    """False: where the reader was can't be found any more; `cursor` is the present end."""
    entries: tuple[RevocationEntry, ...] = ()
    more: bool = False
    """Entries were left for the next read."""


class RevocationLog:
    """Reads the log. Raises redis.RedisError when Redis can't be asked."""

    def __init__(self, clients: RedisClients, shards: int, lifetime: int) -> None:
        self._shards = shards
        self._lifetime = lifetime * 1000
        self._read_shards = LuaScript(clients.exchange, "read_revocations.lua")

    @property
    def keys(self) -> list[str]:
        """The streams of all shards."""
        return [log_key(shard) for shard in range(self._shards)]

    def read(self, cursor: str | None, since: float) -> LogBatch:
        """Every entry that was appended after `cursor` before this call, or a first part of them.

        In the Redis that answered at `since`: nothing that was acknowledged before then is missing.
        """
        incarnation, positions = self._parse(cursor)
        limit = max(1, BATCH_SIZE // self._shards)
        proposed = secrets.token_urlsafe(12)
        calls = [
            ((key, f"{key}:incarnation"), (position, limit, self._lifetime, proposed))
            for key, position in zip(self.keys, positions, strict=True)
        ]
        answers = self._read_shards.each(calls, since=since)
        present = _digest([answer[0] for answer in answers])
        if incarnation != present or not all(good for _, _, good, _ in answers):
            return LogBatch(_cursor(present, [newest for _, newest, _, _ in answers]), known=False)
        found = [entries for _, _, _, entries in answers]
        reached = [entries[-1][0] if entries else old for entries, old in zip(found, positions, strict=True)]
        return LogBatch(
            _cursor(present, reached),
            known=True,
            entries=tuple(_entry(fields) for entries in found for _, fields in entries if "grant_id" in fields[::2]),
            more=any(len(entries) == limit for entries in found),
        )

    def _parse(self, cursor: str | None) -> tuple[str, list[str]]:
        """Incarnation and positions; empty ones for what can't be a cursor of this log."""
        match = _CURSOR.fullmatch(cursor or "")
        positions = match[2].split(".")[1:] if match else []
        if match is None or len(positions) != self._shards:
            return "", [""] * self._shards
        return match[1], positions


def _cursor(incarnation: str, positions: list[str]) -> str:
    return ".".join([incarnation, *positions])


def _digest(incarnations: list[str]) -> str:
    """One short name for the incarnations of all shards: a new one for any of them is a new one for the log."""
    return base64.urlsafe_b64encode(hashlib.sha256(" ".join(incarnations).encode()).digest())[:16].decode()


def _entry(fields: list[str]) -> RevocationEntry:
    values = dict(zip(fields[::2], fields[1::2], strict=True))
    return RevocationEntry(values["grant_id"], values.get("jti"), values.get("scope"), tuple(values["aud"].split()))
