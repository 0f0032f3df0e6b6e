"""Authorization requests wait here for their next step, so that no form and no address can change them."""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

from auth_service.crypto.token_handle import token_digest
from auth_service.storage.redis_connection import RedisClients

Parameters = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class KeptRequest:
    """It is a request as it came."""

    parameters: Parameters
    received_at: float
    """It came then, in epoch seconds."""
    direct: bool = False
    """It came in an address, not pushed by its client (RFC 9126)."""


class AuthorizationRequestStore:
    """It keeps requests, each for one holder: the browser that decides, or the client that pushed it."""

    def __init__(self, clients: RedisClients, name: str, lifetime: int) -> None:
        self._clients = clients
        self._name = name
        self._lifetime = lifetime

    def add(self, parameters: Parameters, holder: str, *, direct: bool = False, request_id: str | None = None) -> str:
        """Keep a request and return its id, 256 random bits if none is given, that only this holder can use."""
        request_id = request_id or secrets.token_urlsafe(32)
        value = json.dumps({"parameters": dict(parameters), "received_at": time.time(), "direct": direct})
        self._clients.scripts.set(self._key(request_id, holder), value, ex=self._lifetime)
        return request_id

    def find(self, request_id: str, holder: str) -> KeptRequest | None:
        """Return the request, and leave it where it is."""
        return _load(self._clients.reads.get(self._key(request_id, holder)))

    def take(self, request_id: str, holder: str) -> KeptRequest | None:
        """Take the request, which works once: of two that try, one gets it."""
        return _load(self._clients.scripts.getdel(self._key(request_id, holder)))

    def _key(self, request_id: str, holder: str) -> str:
        return f"{self._name}:{token_digest(f'{holder}:{request_id}')}"


def _load(value: str | bytes | None) -> KeptRequest | None:
    return KeptRequest(**json.loads(value)) if value is not None else None
