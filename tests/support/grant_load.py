"""Apps that use their grants without a pause and repeat, with the same key, whatever was no answer."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from secrets import token_hex
from typing import Any

from tests.support.background import in_threads
from tests.support.callers import BOUND
from tests.support.gunicorn_stack import Answer, GunicornStack

_PAUSE = 0.05


class GrantLoad:
    """What became of each request, of each grant and of each end."""

    def __init__(self, stack: GunicornStack) -> None:
        self._stack = stack
        self._stop = threading.Event()
        self.answers: Counter[tuple[str, int, str | None]] = Counter()
        """By endpoint, status and error."""
        self.lost: list[str] = []
        """Acknowledged refresh tokens that were not known any more."""
        self.let_in: list[float] = []
        """Ages of ends, in seconds, at which their token was still good, beyond the bound."""
        self.longest_wait = 0.0
        """Seconds for which one request was repeated until it was answered."""

    @classmethod
    @contextmanager
    def on(cls, stack: GunicornStack, clients: int = 6) -> Iterator["GrantLoad"]:
        load = cls(stack)
        with in_threads([load._live] * clients, load._stop):
            yield load

    def histogram(self) -> str:
        return "\n".join(
            f"  {n:6} {path} {status} {error or ''}"
            for (path, status, error), n in sorted(self.answers.items(), key=lambda each: each[0][:2])
        )

    def _live(self) -> None:
        while not self._stop.is_set():
            with self._stack.connection() as connection:
                self._one_grant(connection)

    def _one_grant(self, connection: HTTPConnection) -> None:
        """Ten refreshes, each token introspected, and an end that is looked at for longer than the bound."""
        try:
            pair = self._stack.tokens()
        except Exception:  # its beginning is not what is looked at
            time.sleep(_PAUSE)
            return
        for _ in range(10):
            form = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
            answer = self._answered(connection, "/token", form, token_hex(8))
            if answer is None:
                return
            if answer.status == 400:
                self.lost.append(str(answer.body))
                return
            pair = answer.body
            answer = self._answered(connection, "/introspect", {"token": pair["access_token"]})
            if answer is None:
                return
            if not answer.body["active"]:
                self.lost.append("access token")
                return
        if self._answered(connection, "/revoke", {"token": pair["refresh_token"]}) is None:
            return
        self._look_for_the_dead(connection, pair["access_token"], time.monotonic())

    def _look_for_the_dead(self, connection: HTTPConnection, token: str, ended: float) -> None:
        for _ in range(5):
            asked = time.monotonic()
            answer = self._answered(connection, "/introspect", {"token": token})
            if answer is not None and answer.body["active"] and asked - ended > BOUND:
                self.let_in.append(asked - ended)
            self._stop.wait(BOUND / 4)

    def _answered(
        self, connection: HTTPConnection, path: str, form: dict[str, Any], key: str | None = None
    ) -> Answer | None:
        """The first answer that is none of an outage; None if the load has ended before."""
        began = time.monotonic()
        while not self._stop.is_set():
            try:
                answer = self._stack.ask(connection, path, form, key)
            except (OSError, HTTPException) as failure:
                connection.close()
                self.answers[path, 0, type(failure).__name__] += 1
                continue
            self.answers[path, answer.status, answer.body.get("error")] += 1
            if answer.status != 503:
                self.longest_wait = max(self.longest_wait, time.monotonic() - began)
                return answer
            time.sleep(_PAUSE)
        return None
