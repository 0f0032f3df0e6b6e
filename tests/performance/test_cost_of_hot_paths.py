"""What a token request costs, as a multiple of a floor that is measured at the same time in the same process.

Not a benchmark (`benchmarks/`), and no test of speed: CPU time counts, the calmest of many turns, and a slow machine
slows the floor as much. The limits are far above what is measured, so that only a new step on a hot path fails.
"""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.performance.costs import answered, bare_answer, environment, ratios_above, request_lines
from tests.support.actions import READ, Actions
from tests.support.stack import Stack

LIMITS = {"introspection": 1.1, "refresh": 2.3, "client credentials": 1.3}
"""Times the floor: a bare JSON answer by Flask, and one Redis read by redis-py."""


class Caller:
    """Sends forms to an application without a socket."""

    def __init__(self, stack: Stack, path: str, client_id: str, secret: str) -> None:
        self._app = stack.auth_app
        authorization = "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        kind = "application/x-www-form-urlencoded"
        self._environ = environment("POST", path, urlsplit(stack.auth).netloc, authorization, kind)

    def post(self, **form: str) -> dict[str, Any]:
        """The answer, which has to be a good one."""
        answer: dict[str, Any] = json.loads(answered(self._app, self._environ, urlencode(form).encode(), "200 OK"))
        return answer


class Chain:
    """Refreshes with the refresh token that it got last."""

    def __init__(self, caller: Caller, first: str) -> None:
        self._caller, self._latest = caller, first

    def refresh(self) -> None:
        answer = self._caller.post(grant_type="refresh_token", refresh_token=self._latest)
        self._latest = answer["refresh_token"]


@pytest.fixture
def stack(start_stack: Callable[..., Stack], real_redis_url: str) -> Iterator[Stack]:
    """As in production: with metrics, and a log line for each request."""
    with request_lines():
        yield start_stack(redis=real_redis_url, metrics_token="a token for metrics")


def test_no_token_request_costs_more_than_a_small_multiple_of_a_bare_answer(
    stack: Stack, actions: Actions, real_redis_url: str
) -> None:
    grant_types = ("authorization_code", "refresh_token", "client_credentials")
    app = actions.app(*(part for name in grant_types for part in ("--grant-type", name)), scopes=[READ])
    granted = app.connect(actions.person())
    fit = stack.fit_credentials
    introspection = Caller(stack, "/introspect", fit.name, fit.secret)
    token = Caller(stack, "/token", app.client_id, app.secret)
    assert introspection.post(token=granted.access)["active"]
    too_dear = ratios_above(
        LIMITS,
        "floor",
        {
            "floor": bare_answer(real_redis_url),
            "introspection": lambda: introspection.post(token=granted.access),
            "refresh": Chain(token, granted.refresh).refresh,
            "client credentials": lambda: token.post(grant_type="client_credentials"),
        },
    )
    assert too_dear == {}
