"""The kit's fake authorization server with gates, so that a test decides what happens between computing an answer and
sending it, and counts what it is asked.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from shared.resource_server.testing import FakeAuthorizationServer, serving

ISSUER = "https://auth.example"


class SmallAuthorizationServer(FakeAuthorizationServer):
    """Knows tokens by the string that a test gives them."""

    def __init__(self, resource: str) -> None:
        super().__init__(resource, ISSUER)
        self.introspections: list[str] = []
        """Tokens, in the order in which their answers were computed."""
        self.waits: list[float] = []
        """Polls of the feed: for how long each could wait."""
        self.refused: dict[str, int] = {}
        """Tokens about which introspection answers with this status."""
        self.may_answer = threading.Event()
        """While it isn't set, introspection holds its computed answers back."""
        self.may_answer.set()
        self._incarnation = 1
        self._asked_after = ""

    def issue(self, token: str, grant: str = "0" * 32, **claims: Any) -> str:  # type: ignore[override]
        """Make a token good."""
        usual = {"scope": "plans:read", "client_id": "client_1", "username": "mo", "sub": "sub_1"}
        return self._know(token, grant, {**usual, **claims})

    def forget(self, token: str) -> None:
        """End one token and tell nobody."""
        self._tokens.pop(token)

    def lose_the_log(self) -> None:
        """As after a restart of Redis without its data."""
        with self._news:
            self._log.clear()
            self._incarnation += 1
            self._news.notify_all()

    def is_up_to_date(self) -> bool:
        """Wait until the reader of the feed has come back for more, so has acted on everything so far."""
        with self._news:
            return self._news.wait_for(lambda: self._asked_after == self._cursor(), timeout=60)

    def answer_introspection(self, token: str) -> tuple[int, dict[str, Any]]:
        self.introspections.append(token)
        answer = self._tokens.get(token, {"active": False})
        assert self.may_answer.wait(60)
        return 500 if self.down else self.refused.get(token, 200), answer

    def answer_poll(self, after: str, wait: float) -> tuple[int, dict[str, Any]]:
        self.waits.append(wait)
        with self._news:
            self._asked_after = after
            self._news.notify_all()
            incarnation, _, position = after.partition(".")
            known = incarnation == str(self._incarnation)
            start = int(position) if known else len(self._log)
            if known:
                self._news.wait_for(lambda: not (self._patient and after == self._cursor()), wait)
            if str(self._incarnation) != incarnation:
                known, start = False, len(self._log)
            answer = {"cursor": self._cursor(), "reset": not known, "events": self._log[start:], "more": False}
        return 500 if self.feed_down else 200, answer

    def _cursor(self) -> str:
        return f"{self._incarnation}.{len(self._log)}"


@contextmanager
def small_authorization_server(resource: str) -> Iterator[SmallAuthorizationServer]:
    """Serve one on a free port."""
    server = SmallAuthorizationServer(resource)
    with serving(server):
        try:
            yield server
        finally:
            server.may_answer.set()
