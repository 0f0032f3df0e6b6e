"""What a token request costs, as a multiple of a floor that is measured at the same time in the same process.

Not a benchmark (`benchmarks/`), and no test of speed: CPU time counts, the calmest of many turns, and a slow machine
slows the floor as much. The limits are far above what is measured, so that only a new step on a hot path fails.
"""

import base64
import gc
import io
import json
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import redis
from flask import Flask, jsonify
from flask.typing import ResponseReturnValue

from tests.support.actions import READ, Actions
from tests.support.stack import Stack

TURNS, REQUESTS = 15, 40
LIMITS = {"introspection": 2.6, "refresh": 5.0, "client credentials": 3.4}
"""Times the floor: a bare JSON answer by Flask, and one Redis read by redis-py."""


class Caller:
    """Sends forms to an application without a socket."""

    def __init__(self, stack: Stack, path: str, client_id: str, secret: str) -> None:
        self._app = stack.auth_app
        self._environ = {
            "REQUEST_METHOD": "POST",
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": urlsplit(stack.auth).netloc,
            "HTTP_AUTHORIZATION": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode(),
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }

    def post(self, **form: str) -> dict[str, Any]:
        """The answer, which has to be a good one."""
        body, statuses = urlencode(form).encode(), list[str]()
        environ = {**self._environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        answer = b"".join(self._app(environ, lambda status, *_: statuses.append(status)))  # type: ignore[arg-type]
        assert statuses == ["200 OK"], answer
        answered: dict[str, Any] = json.loads(answer)
        return answered


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
    running = start_stack(redis=real_redis_url, metrics_token="a token for metrics")
    before = logging.getLogger().level
    logging.getLogger().setLevel("INFO")
    yield running
    logging.getLogger().setLevel(before)


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
    costs = least_cpu_seconds(
        {
            "floor": bare_answer(real_redis_url),
            "introspection": lambda: introspection.post(token=granted.access),
            "refresh": Chain(token, granted.refresh).refresh,
            "client credentials": lambda: token.post(grant_type="client_credentials"),
        }
    )
    ratios = {name: cost / costs["floor"] for name, cost in costs.items()}
    print({name: f"{cost * 1e6:.0f} µs, {ratios[name]:.2f}" for name, cost in costs.items()})
    assert {name: ratio for name, ratio in ratios.items() if name in LIMITS and ratio > LIMITS[name]} == {}


def bare_answer(redis_url: str) -> Callable[[], object]:
    app, store = Flask("bare"), redis.Redis.from_url(redis_url)

    @app.post("/")
    def answer() -> ResponseReturnValue:
        return jsonify(active=True)

    def ask() -> None:
        store.get("nothing")
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
        }
        assert b"".join(app(environ, lambda *_: None)) == b'{"active":true}\n'  # type: ignore[arg-type]

    return ask


def least_cpu_seconds(actions: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Of each, what one costs in its calmest turn: of this thread alone, without collecting garbage."""
    costs = dict.fromkeys(actions, float("inf"))
    gc.disable()
    try:
        for _ in range(TURNS):
            for name, act in actions.items():
                began = time.thread_time()
                for _ in range(REQUESTS):
                    act()
                costs[name] = min(costs[name], (time.thread_time() - began) / REQUESTS)
    finally:
        gc.enable()
    return costs
