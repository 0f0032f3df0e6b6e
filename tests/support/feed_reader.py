"""A resource server that reads the revocation feed over HTTP, without the kit."""

import base64
import hashlib
from typing import Any

import requests

from tests.support.actions import TIMEOUT
from tests.support.stack import ResourceServerCredentials, Stack

Event = dict[str, str]


class Reader:
    """A resource server that follows the feed from now on."""

    def __init__(self, stack: Stack, caller: ResourceServerCredentials | None = None) -> None:
        self._stack = stack
        self._caller = caller or stack.fit_credentials
        self.cursor = self.poll(None)["cursor"]

    def request(self, **parameters: Any) -> requests.Response:
        caller = (self._caller.name, self._caller.secret)
        return requests.get(f"{self._stack.auth}/revocations", params=parameters, auth=caller, timeout=TIMEOUT)

    def poll(self, after: str | None, **parameters: Any) -> dict[str, Any]:
        answer = self.request(after=after, **parameters)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def news(self, **parameters: Any) -> list[Event]:
        """The events since the last time."""
        body = self.poll(self.cursor, **parameters)
        assert (body["reset"], body["more"]) == (False, False)
        self.cursor = body["cursor"]
        events: list[Event] = body["events"]
        return events


def jti(token: str) -> str:
    """What the feed calls a token."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
