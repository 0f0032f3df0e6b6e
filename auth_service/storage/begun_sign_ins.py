"""Who gave the right password and has a second step before them is nobody yet: that they began waits in Redis."""

import json
import secrets
from dataclasses import asdict, dataclass

from auth_service.crypto.token_handle import token_digest
from auth_service.storage.redis_connection import RedisClients

LIFETIME = 600
"""So many seconds somebody has for the second step."""


@dataclass(frozen=True, slots=True)
class BegunSignIn:
    """The password of this account was given."""

    account_id: str
    session_epoch: int
    """It was the account's then: what ends its sessions, a new password for one, ends this too."""


class BegunSignInStore:
    """It keeps them, each for the browser in which it was begun: the holder."""

    def __init__(self, clients: RedisClients) -> None:
        self._clients = clients

    def add(self, begun: BegunSignIn, holder: str) -> str:
        """Keep one, and return its id: 256 random bits, that only this holder can use."""
        begun_id = secrets.token_urlsafe(32)
        self._clients.scripts.set(_key(begun_id, holder), json.dumps(asdict(begun)), ex=LIFETIME)
        return begun_id

    def find(self, begun_id: str, holder: str) -> BegunSignIn | None:
        """Return it, and leave it where it is."""
        found = self._clients.reads.get(_key(begun_id, holder))
        return BegunSignIn(**json.loads(found)) if found is not None else None

    def take(self, begun_id: str, holder: str) -> bool:
        """Use it up, and say whether it was there: of two that try, one hears yes."""
        return self._clients.scripts.delete(_key(begun_id, holder)) == 1


def _key(begun_id: str, holder: str) -> str:
    return f"begun-sign-in:{token_digest(f'{holder}:{begun_id}')}"
