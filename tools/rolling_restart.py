"""`make restart`: restarts the replicas one after the other while requests go on, and counts how these end.

What is asked through the proxy: refreshes, each of which spends a token that works once, so that a lost or doubled one
ends the series; introspections; and reads of the Fit API, which introspects in turn.
"""

import contextlib
import io
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Self

import requests

from tools import compose_stack, stack
from tools.console import Problem, fail, paint, say, working
from tools.demo import READ, WRITE, Demo
from tools.registration import FIT
from tools.secrets_store import secret

_REPLICAS = (("auth", 8000), ("auth-2", 8000), ("fit", 8001), ("fit-2", 8001))
_PAUSE = 0.25
"""Seconds between two requests of a thread: more reads a minute would reach `FIT_RATE_LIMIT`."""
_NOTICED_WITHIN = 3
"""Seconds after which the proxy sends requests to a replica that is back."""


class Load:
    """Requests of five threads, and how they ended."""

    def __init__(self, demo: Demo, tokens: dict[str, str]) -> None:
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self._demo, self._tokens = demo, tokens
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=("POST /token", self._refresh)),
            *(threading.Thread(target=self._repeat, args=("POST /introspect", self._introspect)) for _ in range(2)),
            *(threading.Thread(target=self._repeat, args=("GET /api/body_weight/", self._read)) for _ in range(2)),
        ]

    def __enter__(self) -> Self:
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ask no more, and wait for the last answers."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, name: str, call: Callable[[requests.Session], int]) -> None:
        with requests.Session() as session:
            while not self._over.wait(_PAUSE):
                try:
                    outcome = str(call(session))
                except requests.RequestException as error:
                    outcome = type(error).__name__
                self.outcomes[name, outcome] += 1

    def _refresh(self, session: requests.Session) -> int:
        """The next pair for the last one. Nothing is repeated: what an outage costs is to be seen."""
        form = {"grant_type": "refresh_token", "refresh_token": self._tokens["refresh_token"]}
        answer = session.post(f"{self._demo.auth}/token", data=form, auth=self._demo.credentials, timeout=30)
        if answer.status_code == 200:
            self._tokens = answer.json()
        return answer.status_code

    def _introspect(self, session: requests.Session) -> int:
        form, caller = {"token": self._tokens["access_token"]}, (FIT, secret("fit-client-secret"))
        return session.post(f"{self._demo.auth}/introspect", data=form, auth=caller, timeout=30).status_code

    def _read(self, session: requests.Session) -> int:
        headers = {"Authorization": f"Bearer {self._tokens['access_token']}"}
        return session.get(self._demo.fit, headers=headers, timeout=30).status_code


def first_tokens(demo: Demo) -> dict[str, str]:
    """As the story gets them, without telling it."""
    with contextlib.redirect_stdout(io.StringIO()):
        verifier = secrets.token_urlsafe(32)
        page = demo.begin_authorization(verifier)
        page = demo.submit(page, status=303, username=demo.username, password=demo.password)
        return demo.exchange_code(demo.consent(page, READ, WRITE), verifier)


def main() -> None:
    """Restart all four; exit code 1 if a request ended in another way than with 200."""
    with fail():
        auth_command, addresses = stack.running_stack()
        demo = Demo(auth_command, addresses)
        try:
            with Load(demo, first_tokens(demo)) as load:
                for container, port in _REPLICAS:
                    with working(f"Restarting {container}"):
                        compose_stack.restart(container, port)
                        time.sleep(_NOTICED_WITHIN)
        finally:
            demo.clean_up()
        say()
        for (call, outcome), times in sorted(load.outcomes.items()):
            say(f"  {call:24} {paint(outcome, 'green' if outcome == '200' else 'red')} {times:6}")
        say()
        if {outcome for _, outcome in load.outcomes} != {"200"}:
            raise Problem("requests were lost; `make logs` shows what the services and the proxy say")
        say(paint("Four restarts, and every request was answered.", "green"))


if __name__ == "__main__":
    main()
