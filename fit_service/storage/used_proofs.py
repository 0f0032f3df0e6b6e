"""Remembers in Redis, for all processes, which DPoP proofs were used (RFC 9449 §11.1)."""

import redis

from fit_service.storage.redis_connection import redis_client
from shared.resource_server import CannotValidateError


class UsedProofsInRedis:
    """Unlike counting, this protects a secret: if Redis can't be asked, no proof counts as new."""

    def __init__(self, url: str) -> None:
        self._redis = redis_client(url)

    def use_once(self, digest: str, lifetime: int) -> bool:
        """Say whether this is the first use, and remember it for `lifetime` seconds. Raises CannotValidateError."""
        try:
            return bool(self._redis.set(f"fit-proof:{digest}", "", nx=True, ex=lifetime))
        except redis.RedisError as outage:
            raise CannotValidateError(f"used DPoP proofs can't be remembered: {type(outage).__name__}") from outage
