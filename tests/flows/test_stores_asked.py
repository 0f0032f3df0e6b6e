"""How often a token request asks SQL and Redis: what its speed rests on, counted instead of timed."""

from collections.abc import Callable, Iterator

import pytest

from auth_service.storage import redis_master, ttl_cache
from tests.support.actions import READ, Actions, App, Verifier, tokens
from tests.support.asked import counting
from tests.support.servers import running_redis
from tests.support.stack import Stack


@pytest.fixture
def stack(start_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """With a Redis that nobody else uses meanwhile, and as if the machine were quick enough for all in one second."""
    monkeypatch.setattr(ttl_cache, "REMEMBERED_FOR", 3_600)
    monkeypatch.setattr(redis_master, "LOOK_AGAIN_AFTER", 3_600)
    with running_redis() as server:
        yield start_stack(redis=server.url)


@pytest.fixture
def app(actions: Actions) -> App:
    grant_types = ("authorization_code", "refresh_token", "client_credentials")
    return actions.app(*(part for name in grant_types for part in ("--grant-type", name)), scopes=[READ])


@pytest.fixture(autouse=True)
def known(actions: Actions, app: App) -> None:
    """Connections are open, scripts are loaded, and the caller and the client were seen before."""
    tokens(app.client_credentials())
    actions.introspect(tokens(app.refresh(app.connect(actions.person()).refresh)).access)


def test_an_introspection_is_one_round_trip_to_redis(actions: Actions, app: App) -> None:
    token = app.connect(actions.person()).access
    with counting(actions.stack) as asked:
        actions.introspect(token)
    assert asked.counts() == (0, 1)


def test_a_refresh_is_one_query_and_one_round_trip_to_redis(actions: Actions, app: App) -> None:
    granted = app.connect(actions.person())
    with counting(actions.stack) as asked:
        tokens(app.refresh(granted.refresh))
    assert asked.counts() == (1, 1)


def test_a_clients_own_token_is_one_round_trip_to_redis(actions: Actions, app: App) -> None:
    with counting(actions.stack) as asked:
        tokens(app.client_credentials())
    assert asked.counts() == (0, 1)


def test_a_code_is_looked_at_and_then_spent(actions: Actions, app: App) -> None:
    verifier = Verifier()
    code = app.get_code(actions.person(), verifier)
    with counting(actions.stack) as asked:
        tokens(app.exchange(code, verifier))
    assert asked.counts() == (1, 2)
