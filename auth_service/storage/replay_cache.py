"""What may be used once and was: `jti` values of signed JWTs, in Redis until the JWT has expired."""

import math

from auth_service.crypto.token_handle import token_digest
from auth_service.storage.redis_connection import RedisClients


class ReplayCache:
    """Shared by all processes. Raises redis.RedisError when Redis can't be asked: then nothing was proven."""

    def __init__(self, clients: RedisClients) -> None:
        self._redis = clients.scripts

    def use_once(self, purpose: str, holder: str, jti: str, lifetime: float) -> bool:
        """Whether this is the first use by `holder`; remembered for `lifetime` seconds. One caller hears yes."""
        key = f"used:{purpose}:{token_digest(f'{holder}:{jti}')}"
        return bool(self._redis.set(key, "", nx=True, ex=max(1, math.ceil(lifetime))))
