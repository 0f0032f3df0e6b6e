"""An app that registers webhooks for its person."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests

from tests.support.actions import Actions, App, Person

WEBHOOKS = "/api/webhooks/"
ENTRY = {"body_weight": "82.5", "unit": "kg"}
NOWHERE = "https://app.example/hook"


@dataclass
class Caller:
    """One person's app, with a token."""

    actions: Actions
    person: Person
    app: App
    token: str
    refresh_token: str

    def call(self, method: str, path: str = WEBHOOKS, **options: Any) -> requests.Response:
        return self.actions.fit(method, path, self.token, **options)

    def register(self, url: str = NOWHERE) -> dict[str, Any]:
        answer = self.call("POST", json={"url": url})
        assert answer.status_code == 201, answer.text
        webhook: dict[str, Any] = answer.json()
        return webhook

    def show(self, webhook: dict[str, Any]) -> dict[str, Any]:
        answer = self.call("GET", WEBHOOKS + webhook["id"])
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    def insert(self) -> str:
        answer = self.actions.fit("POST", token=self.token, json=ENTRY)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


NewCaller = Callable[..., Caller]


def new_tokens(caller: Caller) -> Caller:
    """The same app and person with another grant."""
    tokens = caller.app.connect(caller.person)
    return Caller(caller.actions, caller.person, caller.app, tokens.access, tokens.refresh)
