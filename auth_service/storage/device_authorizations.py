"""Devices wait for a person's answer in Redis: by one key for each device, and one for the code that the person types.

Keys: `device:<grant id>` and `user-code:<digest>`. Both expire. Once a device is allowed, its key goes and its grant
comes (`storage/grants.py`); the user code goes with whoever decides first.
"""

from pathlib import Path

from auth_service.crypto.token_handle import token_digest
from auth_service.models.device_authorization import DeviceAuthorization, Poll
from auth_service.storage.redis_connection import RedisClients

_FOLDER = Path(__file__).parent


class DeviceAuthorizationStore:
    """It keeps what devices asked for. Raises redis.RedisError when Redis can't be asked."""

    def __init__(self, clients: RedisClients, lifetime: int) -> None:
        self._clients = clients
        self._lifetime = lifetime
        self._create, self._poll, self._deny = (
            clients.scripts.register_script((_FOLDER / f"{name}.lua").read_text(encoding="utf-8"))
            for name in ("create_hash", "poll_device", "deny_device")
        )

    def add(self, device: DeviceAuthorization, user_code: str, interval: int) -> bool:
        """Let a device wait; False if another one waits under this user code. `interval` is in seconds."""
        code_key, key = _user_code_key(user_code), _key(device.grant_id)
        if not self._clients.scripts.set(code_key, device.grant_id, ex=self._lifetime, nx=True):
            return False
        fields: dict[str, str | int] = {
            "client_id": device.client_id,
            "scopes": " ".join(device.scopes),
            "audience": " ".join(device.audience),
            "code_digest": device.code_digest,
            "interval": interval,
        }
        words = [word for field in fields.items() for word in field]
        self._create(keys=[key], args=[self._lifetime * 1000, *words])
        return True

    def poll(self, grant_id: str, client_id: str, code_digest: str) -> Poll:
        """Count that the device asked, and say how its request stands: one script on one key."""
        return Poll(self._poll(keys=[_key(grant_id)], args=[client_id, code_digest]))

    def find(self, user_code: str) -> DeviceAuthorization | None:
        """Return the device that waits under this code."""
        grant_id = self._clients.reads.get(_user_code_key(user_code))
        return self._load(str(grant_id)) if grant_id is not None else None

    def take(self, user_code: str) -> DeviceAuthorization | None:
        """Take it, which works once: of two people who decide at the same time, one gets it."""
        grant_id = self._clients.scripts.getdel(_user_code_key(user_code))
        return self._load(str(grant_id)) if grant_id is not None else None

    def seconds_left(self, grant_id: str) -> int:
        """Return for how many seconds the device can still be answered; 0 if it can't."""
        return max(0, self._clients.reads.ttl(_key(grant_id)))

    def deny(self, grant_id: str) -> None:
        """Have the device told that the person said no."""
        self._deny(keys=[_key(grant_id)])

    def remove(self, grant_id: str) -> None:
        """Forget a device: its grant has begun."""
        self._clients.scripts.delete(_key(grant_id))

    def _load(self, grant_id: str) -> DeviceAuthorization | None:
        fields = ("client_id", "scopes", "audience", "code_digest")
        values = self._clients.reads.hmget(_key(grant_id), fields)
        if None in values:
            return None
        client_id, scopes, audience, code_digest = map(str, values)
        return DeviceAuthorization(grant_id, client_id, tuple(scopes.split()), tuple(audience.split()), code_digest)


def _key(grant_id: str) -> str:
    return f"device:{grant_id}"


def _user_code_key(user_code: str) -> str:
    return f"user-code:{token_digest(user_code)}"
