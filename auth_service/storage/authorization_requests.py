"""Authorization requests that wait for a person to sign in and decide, held here so that no form can change them."""

import json
import secrets
from collections.abc import Mapping

from auth_service.storage.redis_connection import RedisClients
from auth_service.storage.token_handle import token_digest

Parameters = Mapping[str, list[str]]


class AuthorizationRequestStore:
    """Keeps the parameters of a request for one browser."""

    def __init__(self, clients: RedisClients, lifetime: int) -> None:
        self._clients = clients
        self._lifetime = lifetime

    def add(self, parameters: Parameters, browser: str) -> str:
        """Keep a request and return its id, which only this browser can use."""
        request_id = secrets.token_urlsafe(16)
        value = json.dumps(dict(parameters))
        self._clients.scripts.set(_key(request_id, browser), value, ex=self._lifetime)
        return request_id

    def find(self, request_id: str, browser: str) -> Parameters | None:
        """The request, left where it is."""
        return _load(self._clients.reads.get(_key(request_id, browser)))

    def take(self, request_id: str, browser: str) -> Parameters | None:
        """The request, which can be taken once: a form that is sent twice decides once."""
        return _load(self._clients.scripts.getdel(_key(request_id, browser)))


def _load(value: str | bytes | None) -> Parameters | None:
    return json.loads(value) if value is not None else None


def _key(request_id: str, browser: str) -> str:
    return f"authorization-request:{token_digest(f'{browser}:{request_id}')}"
