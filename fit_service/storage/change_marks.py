"""Notes in Redis how far each person's changes got, by which a database is recognised that lost the last ones.

A backup that was restored, or a replica that took over without the last commits, would give the numbers of lost
changes to new ones. The marks are a net under `database restored`, which says that a backup was restored: what Redis
doesn't know, or while it can't be asked, is not missed. A mark is raised after the commit, and so is never ahead of a
database that lost nothing.
"""

import logging
import time
from datetime import timedelta
from pathlib import Path

import redis

from fit_service.storage.redis_connection import redis_client
from shared.service.hashing import sha256

LIFETIME = timedelta(days=90)
"""A mark lives so long after its person's last change. Older backups aren't recognised."""
_DISTRUST = 5.0
"""Redis isn't asked for so many seconds after a failure."""

_log = logging.getLogger(__name__)


class ChangeMarks:
    """It opens no connection before the first change, so it is safe to build before a fork.

    Marks are those of one API, `resource`: others may use the same Redis.
    """

    def __init__(self, url: str, resource: str) -> None:
        self._redis = redis_client(url)
        self._resource = resource
        self._raise = self._redis.register_script(
            Path(__file__).with_name("raise_mark.lua").read_text(encoding="utf-8")
        )
        self._distrusted_until = 0.0

    def reached(self, subject: str) -> int:
        """Return the last number that is known to have been given to a change of this person."""
        if time.monotonic() >= self._distrusted_until:
            try:
                return int(self._redis.get(self._key(subject)) or 0)
            except redis.RedisError as error:
                self._distrust(error)
        return 0

    def reach(self, subject: str, number: int) -> None:
        """Note that a change of this person with this number was committed."""
        if time.monotonic() >= self._distrusted_until:
            try:
                self._raise(keys=[self._key(subject)], args=[number, int(LIFETIME.total_seconds())])
            except redis.RedisError as error:
                self._distrust(error)

    def _key(self, subject: str) -> str:
        return f"fit-mark:{sha256(f'{self._resource} {subject}'.encode()).hexdigest()[:32]}"

    def _distrust(self, error: redis.RedisError) -> None:
        self._distrusted_until = time.monotonic() + _DISTRUST
        _log.warning("not noting how far changes got for %s s: %s", _DISTRUST, type(error).__name__)
