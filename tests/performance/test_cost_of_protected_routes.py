"""What a resource server's calls cost, as multiples of floors that are measured beside them (`costs.py`)."""

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.typing import ResponseReturnValue

from shared.resource_server import ActiveToken
from shared.resource_server.resource_protector import ResourceProtector
from tests.performance.costs import answered, bare_answer, environment, ratios_above, request_lines
from tests.support.actions import READ, WRITE, Actions
from tests.support.stack import Stack

FIT_LIMITS = {"latest": 5.0, "page of 100": 14.0, "insert": 18.0}
"""Times a bare JSON answer by Flask with one Redis read by redis-py."""
KIT_LIMITS = {"protected": 1.5}
"""Times the same view without protection."""


@pytest.fixture
def stack(start_stack: Callable[..., Stack], real_redis_url: str) -> Iterator[Stack]:
    """As in production: with quotas and marks in Redis, and a log line for each request."""
    with request_lines():
        yield start_stack(redis=real_redis_url, fit_redis_url=real_redis_url, fit_rate_limit=1_000_000)


@pytest.fixture
def authorization(actions: Actions) -> str:
    granted = actions.app(scopes=[READ, WRITE]).connect(actions.person())
    return f"Bearer {granted.access}"


def test_no_call_of_the_fit_api_costs_more_than_a_small_multiple_of_a_bare_answer(
    stack: Stack, authorization: str, real_redis_url: str
) -> None:
    host, kind = urlsplit(stack.fit).netloc, "application/json"
    posted = environment("POST", "/api/body_weight/", host, authorization, kind)
    latest = environment("GET", "/api/body_weight/latest", host, authorization, kind)
    page = {**environment("GET", "/api/body_weight/", host, authorization, kind), "QUERY_STRING": "limit=100"}
    minute = itertools.count()

    def insert() -> None:
        created_at = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=next(minute))
        entry = {"body_weight": "80.5", "unit": "kg", "created_at": created_at.isoformat()}
        answered(stack.fit_app, posted, json.dumps(entry).encode(), "201 CREATED")

    for _ in range(101):
        insert()
    actions = {
        "floor": bare_answer(real_redis_url),
        "latest": lambda: answered(stack.fit_app, latest, b"", "200 OK"),
        "page of 100": lambda: answered(stack.fit_app, page, b"", "200 OK"),
        "insert": insert,
    }
    assert ratios_above(FIT_LIMITS, "floor", actions) == {}


def test_a_known_token_adds_less_than_the_view_costs(stack: Stack, authorization: str) -> None:
    app = Flask("weights")
    require_token = ResourceProtector(stack.fit_app.extensions["fit_service"].validator)

    @app.get("/open")
    def unprotected() -> ResponseReturnValue:
        return {"weight": "82.5"}

    @app.get("/protected")
    @require_token(READ)
    def protected(token: ActiveToken) -> ResponseReturnValue:
        return {"weight": "82.5"}

    asked = {path: environment("GET", path, "localhost", authorization, "") for path in ("/open", "/protected")}
    actions = {path.removeprefix("/"): lambda path=path: answered(app, asked[path], b"", "200 OK") for path in asked}
    assert ratios_above(KIT_LIMITS, "open", actions) == {}
