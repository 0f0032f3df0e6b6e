"""That a client's document is being read, or could not be used a moment ago, is in Redis, for all processes.

It is there for half a minute and no longer: the draft forbids to cache errors, but no host is asked twice in a row.
So it takes no more room than there were attempts in that time, each of which is counted.
"""

from auth_service.crypto.token_handle import token_digest
from auth_service.storage.redis_connection import RedisClients

PAUSE = 30
"""A document is read at most once in so many seconds, by all processes together."""


class DocumentAttempts:
    """It raises redis.RedisError when Redis can't be asked: then nobody reads."""

    def __init__(self, clients: RedisClients) -> None:
        self._redis = clients.scripts

    def begin(self, address: str) -> str | None:
        """Let one caller read a document: it hears None. Others hear why it could not be used, or nothing: ``""``."""
        key = _key(address)
        return None if self._redis.set(key, "", nx=True, ex=PAUSE) else str(self._redis.get(key) or "")

    def failed(self, address: str, why: str) -> None:
        """Remember why it could not be used."""
        self._redis.set(_key(address), why, ex=PAUSE)


def _key(address: str) -> str:
    return f"client-document:{token_digest(address)}"
