"""Clients that register themselves (RFC 7591) and manage their registration (RFC 7592)."""

from typing import Any

import requests

from tests.support.actions import CALLBACK, READ, TIMEOUT, WRITE, App
from tests.support.stack import Stack

PUBLIC = {
    "client_name": "Self-made",
    "redirect_uris": [CALLBACK],
    "grant_types": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_method": "none",
    "scope": f"{READ} {WRITE}",
}
"""What an app on somebody's computer says about itself."""


def bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token is not None else {}


def register(stack: Stack, metadata: Any, token: str | None = None) -> requests.Response:
    return requests.post(f"{stack.auth}/register", json=metadata, headers=bearer(token), timeout=TIMEOUT)


class RegisteredApp(App):
    """An app that registered itself: whatever differs from PUBLIC is given; a member that is None is left out."""

    def __init__(self, stack: Stack, **changes: Any) -> None:
        self._stack = stack
        said = {name: value for name, value in {**PUBLIC, **changes}.items() if value is not None}
        answer = register(stack, said)
        assert answer.status_code == 201, answer.text
        self.registration: dict[str, Any] = answer.json()
        self.client_id, self.name = self.registration["client_id"], self.registration["client_name"]
        self.secret = self.registration.get("client_secret")
        self.scopes = tuple(self.registration["scope"].split())
        self.token = self.registration["registration_access_token"]

    def read(self, token: str | None = None) -> requests.Response:
        return self.manage("GET", token=token or self.token)

    def update(self, token: str | None = None, **metadata: Any) -> requests.Response:
        """Replace the registration by PUBLIC with changes."""
        said = {"client_id": self.client_id, **PUBLIC, **metadata}
        return self.manage("PUT", token=token or self.token, json=said)

    def delete(self, token: str | None = None) -> requests.Response:
        return self.manage("DELETE", token=token or self.token)

    def manage(self, method: str, client_id: str | None = None, **request: Any) -> requests.Response:
        address = f"{self._stack.auth}/register/{client_id or self.client_id}"
        headers = bearer(request.pop("token", None))
        return requests.request(method, address, headers=headers, timeout=TIMEOUT, **request)
