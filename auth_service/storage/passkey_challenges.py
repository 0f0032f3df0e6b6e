"""What an authenticator has to sign waits in Redis: for one browser, for some minutes, and for one answer."""

import secrets
from enum import StrEnum

from auth_service.crypto.token_handle import token_digest
from auth_service.storage.redis_connection import RedisClients


class Purpose(StrEnum):
    """What is signed is good for this and nothing else."""

    ADD = "add"
    SIGN_IN = "sign-in"


class PasskeyChallengeStore:
    """It makes challenges, each of which is good while its key is there."""

    def __init__(self, clients: RedisClients, lifetime: int) -> None:
        """One can be answered for `lifetime` seconds."""
        self._redis = clients.scripts
        self._lifetime = lifetime

    def add(self, purpose: Purpose, holder: str) -> str:
        """Make one that only this holder, a browser, can use: 256 random bits in base64url."""
        challenge = secrets.token_urlsafe(32)
        self._redis.set(_key(purpose, holder, challenge), "", ex=self._lifetime)
        return challenge

    def take(self, purpose: Purpose, holder: str, challenge: str) -> bool:
        """Use one up, and say whether it was there: of two that try, one hears yes."""
        return self._redis.delete(_key(purpose, holder, challenge)) == 1


def _key(purpose: Purpose, holder: str, challenge: str) -> str:
    return f"passkey-challenge:{token_digest(f'{purpose}:{holder}:{challenge}')}"
