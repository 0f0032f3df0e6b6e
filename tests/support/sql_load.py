"""Apps that write, read, refresh and end grants without a pause, and repeat whatever was no answer."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from secrets import token_hex
from typing import Any

import requests

from tests.support.actions import READ, WRITE, Actions, Tokens
from tests.support.background import in_threads

_PAUSE = 0.05
_END_EVERY = 0.5

AUTH_OUTAGE = {
    "error": "temporarily_unavailable",
    "error_description": "We can't answer at the moment. Nothing was lost; try again in a few seconds.",
}
FIT_OUTAGE = {
    "type": "about:blank",
    "title": "Service Unavailable",
    "status": 503,
    "detail": "The store can't be asked at the moment. Try again, a change with the same Idempotency-Key.",
}
_TOKEN_OUTAGE = {
    "type": "about:blank",
    "title": "Service Unavailable",
    "status": 503,
    "detail": "Access tokens can't be validated at the moment. The token is still good; try again.",
}
OUTAGES = (AUTH_OUTAGE, FIT_OUTAGE, _TOKEN_OUTAGE)
"""The whole bodies of a 503: of the two services, and of the Fit API while it can't ask the other one."""


class SqlLoad:
    """What became of each request, and what was acknowledged."""

    def __init__(self, actions: Actions, ends: int) -> None:
        """Prepare so many grants that are ended one after another."""
        self._actions, self._stop = actions, threading.Event()
        self._app, self._person = actions.app(), actions.person()
        self._tokens = self._app.connect(self._person, scopes=[READ, WRITE])
        self._writer = self._app.connect(self._person, scopes=[READ, WRITE])
        self._doomed = [self._app.connect(self._person, scopes=[READ, WRITE]) for _ in range(ends)]
        self.answers: Counter[tuple[str, int]] = Counter()
        """By what was done, and status."""
        self.other_bodies: list[object] = []
        """Bodies of a 503 that are not as documented."""
        self.entries: set[str] = set()
        """Ids of entries that were acknowledged."""
        self.ended: list[Tokens] = []
        """Whose end was acknowledged."""
        self.answered_at: dict[str, float] = {}
        """When each thing was last done with success, by the monotonic clock."""

    @classmethod
    @contextmanager
    def on(cls, actions: Actions, ends: int = 20) -> Iterator["SqlLoad"]:
        load = cls(actions, ends)
        work = (load._write, load._read, load._refresh, load._end)
        with in_threads([partial(load._repeat, each) for each in work], load._stop):
            yield load

    def histogram(self) -> str:
        return "\n".join(f"  {n:6} {what} {status}" for (what, status), n in sorted(self.answers.items()))

    def all_succeed_since(self, moment: float) -> bool:
        """Whether everything was done once more with success, after it was begun after that moment."""
        return all(self.answered_at.get(what, 0.0) > moment for what in ("write", "read", "refresh", "introspect"))

    def lost(self) -> list[str]:
        """What was acknowledged and isn't there, or is good again. To be asked when all is well."""
        token = self._tokens.access
        stored = set(self._all_entries(token))
        again = [tokens.access for tokens in self.ended if self._actions.is_active(tokens.access)]
        current = self._actions.stack.command("grant", "list", "--client-id", self._app.client_id)
        ended = {_grant_of(self._actions, tokens) for tokens in self.ended}
        return sorted(self.entries - stored) + again + sorted(ended & {grant["grant_id"] for grant in current})

    def _repeat(self, act: Callable[[], bool]) -> None:
        while not self._stop.is_set() and act():
            time.sleep(_PAUSE)

    def _write(self) -> bool:
        headers = {"Idempotency-Key": token_hex(8)}
        entry = {"body_weight": "80", "unit": "kg"}
        answer = self._answered("write", lambda: self._fit("POST", headers=headers, json=entry))
        if answer is not None and answer.status_code == 201:
            self.entries.add(answer.json()["id"])
        return True

    def _read(self) -> bool:
        self._answered("read", lambda: self._fit("GET", "/api/body_weight/?limit=1"))
        return True

    def _refresh(self) -> bool:
        key, tokens = token_hex(8), self._tokens
        answer = self._answered("refresh", lambda: self._app.refresh(tokens.refresh, key=key))
        if answer is None or answer.status_code != 200:
            return answer is None
        body = answer.json()
        self._tokens = Tokens(body["access_token"], body["refresh_token"], body)
        answer = self._answered("introspect", lambda: self._actions.introspection(self._tokens.access))
        assert answer is None or answer.json()["active"], "a good token was denied"
        return True

    def _end(self) -> bool:
        if not self._doomed:
            return False
        tokens = self._doomed.pop()
        answer = self._answered("end", lambda: self._app.revoke(tokens.refresh))
        if answer is not None:
            self.ended.append(tokens)
        time.sleep(_END_EVERY)
        return True

    def _fit(self, method: str, path: str = "/api/body_weight/", **options: Any) -> requests.Response:
        return self._actions.fit(method, path, self._writer.access, **options)

    def _answered(self, what: str, ask: Callable[[], requests.Response]) -> requests.Response | None:
        """The first answer that is none of an outage; None if the load has ended before."""
        while not self._stop.is_set():
            asked, answer = time.monotonic(), ask()
            self.answers[what, answer.status_code] += 1
            if answer.status_code != 503:
                self.answered_at[what] = asked
                return answer
            if answer.json() not in OUTAGES or answer.headers.get("Retry-After") != "1":
                self.other_bodies.append(answer.json())
            time.sleep(_PAUSE)
        return None

    def _all_entries(self, token: str) -> Iterator[str]:
        path: str | None = "/api/body_weight/?limit=500"
        while path:
            answer = self._actions.fit("GET", path, token)
            yield from (entry["id"] for entry in answer.json())
            path = answer.links.get("next", {}).get("url", "").removeprefix(self._actions.stack.fit) or None


def _grant_of(actions: Actions, tokens: Tokens) -> str:
    handle = actions.stack.parts.keys.parse(tokens.refresh)
    assert handle is not None
    return handle.grant_id
