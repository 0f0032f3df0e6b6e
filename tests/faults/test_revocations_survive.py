"""What was ended stays ended, what was taken stays taken: after a crash half-way, in a full Redis, in an old one."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
import requests

from auth_service.models.tokens import RevokedBecause
from auth_service.storage.grant_keys import GrantKeys
from tests.support.actions import READ, TIMEOUT, WRITE, Actions, Tokens, error_of, tokens
from tests.support.grants_in_redis import grant_fields
from tests.support.polling import eventually
from tests.support.servers import free_port, real_redis, redis_server
from tests.support.stack import Stack


def end_in_sql_alone(actions: Actions, access_token: str) -> None:
    """As a process does that dies between its commit and the script."""
    grant_id = actions.introspect(access_token)["grant_id"]
    actions.stack.parts.records.mark_revoked(grant_id, RevokedBecause.PERSON)


def test_an_end_that_got_stuck_half_way_is_completed_within_an_interval(start_stack: Callable[..., Stack]) -> None:
    stack = start_stack(reconcile_interval=0.2)
    actions = Actions(stack)
    app, mo = actions.app(), actions.person()
    stopped = stack.parts.reconciler.start()
    eventually(lambda: stack.parts.redis.is_told)
    granted, other = app.connect(mo), app.connect(mo)
    end_in_sql_alone(actions, granted.access)

    eventually(lambda: not actions.is_active(granted.access))

    stopped.set()
    assert actions.is_active(other.access)
    assert error_of(app.refresh(granted.refresh)) == (400, "invalid_grant")


def narrow_in_sql_alone(actions: Actions, access_token: str) -> None:
    grant_id, fit = actions.introspect(access_token)["grant_id"], actions.stack.fit_credentials.resource
    actions.stack.parts.records.narrow(grant_id, [READ], lambda _: (fit,), RevokedBecause.PERSON)


def test_a_narrowing_that_got_stuck_half_way_is_completed_within_an_interval(start_stack: Callable[..., Stack]) -> None:
    stack = start_stack(reconcile_interval=0.2)
    actions = Actions(stack)
    app, mo = actions.app(), actions.person()
    stopped = stack.parts.reconciler.start()
    eventually(lambda: stack.parts.redis.is_told)
    granted, other = app.connect(mo), app.connect(mo)
    narrow_in_sql_alone(actions, granted.access)

    eventually(lambda: scope_of(actions, granted) == READ)

    stopped.set()
    assert scope_of(actions, other) == f"{READ} {WRITE}"
    assert error_of(app.refresh(granted.refresh, scope=WRITE)) == (400, "invalid_scope")


def narrow(actions: Actions, granted: Tokens) -> None:
    actions.stack.command("grant", "narrow", actions.introspect(granted.access)["grant_id"], "--scope", READ)


def fields_of(actions: Actions, granted: Tokens) -> dict[str, str]:
    parts, grant_id = actions.stack.parts, actions.introspect(granted.access)["grant_id"]
    return grant_fields(parts.redis, GrantKeys(parts.settings.redis_shards).grant(grant_id))


def scope_of(actions: Actions, granted: Tokens) -> str:
    return str(actions.introspect(granted.access)["scope"])


@pytest.fixture
def full_redis_url() -> Iterator[str]:
    if redis_server() is None:
        pytest.skip("needs redis-server")
    with real_redis("--maxmemory-policy", "noeviction") as url:
        yield url


def test_in_a_full_redis_nothing_new_is_issued_and_everything_can_still_be_ended(
    full_redis_url: str, start_stack: Callable[..., Stack]
) -> None:
    actions = Actions(start_stack(redis=full_redis_url))
    app, mo = actions.app(), actions.person()
    forgiven = actions.app("--retry", "until-used")
    predecessor = forgiven.connect(mo)
    unused = tokens(forgiven.refresh(predecessor.refresh))
    revoked, cut_off, reused, narrowed, kept = (app.connect(mo) for _ in range(5))
    successor = tokens(app.refresh(reused.refresh))
    alone = tokens(app.refresh(kept.refresh))
    service = actions.exchanger(actions.stack.fit_credentials.resource, scopes=[READ])
    exchanged = tokens(service.exchange_token(kept.access))
    mo.browser.get("/connected-apps")
    with redis.Redis.from_url(full_redis_url) as database:
        database.config_set("maxmemory", 1)

        refused = app.refresh(alone.refresh)
        assert (refused.status_code, refused.json()["error"]) == (503, "temporarily_unavailable")
        assert refused.headers["Retry-After"] == "1"
        assert actions.is_active(kept.access)
        assert actions.is_active(unused.access)  # though that it was used has to be noted first
        assert fields_of(actions, unused).keys() & {"unused", "used_at"} == {"used_at"}
        assert app.revoke(kept.access).status_code == 200
        assert not actions.is_active(kept.access)
        assert not actions.is_active(exchanged.access)
        assert service.exchange_token(alone.access).status_code == 503
        assert app.revoke(revoked.refresh).status_code == 200
        assert not actions.is_active(revoked.access)
        assert error_of(app.refresh(reused.refresh)) == (400, "invalid_grant")
        assert not actions.is_active(successor.access)
        grant_id = actions.introspect(cut_off.access)["grant_id"]
        actions.stack.command("grant", "revoke", grant_id)
        assert not actions.is_active(cut_off.access)
        narrow(actions, narrowed)
        assert scope_of(actions, narrowed) == READ

        database.config_set("maxmemory", 0)
    assert app.refresh(alone.refresh).status_code == 200


@contextmanager
def redis_in(folder: Path, port: int) -> Iterator["redis.Redis"]:
    """A Redis that finds the data of the one before it, and is killed at the end."""
    program = redis_server()
    assert program is not None
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        with redis.Redis(port=port) as database:
            eventually(lambda: _answers(database))
            yield database
    finally:
        process.kill()
        process.wait()


def _answers(database: "redis.Redis") -> bool:
    try:
        return bool(database.ping())
    except redis.ConnectionError:
        return False


def test_a_redis_that_comes_back_with_an_old_state_revives_nothing_before_the_service_is_ready(
    start_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    if redis_server() is None:
        pytest.skip("needs redis-server")
    port = free_port()
    with redis_in(tmp_path, port) as database:
        actions = Actions(start_stack(redis=f"redis://127.0.0.1:{port}/0"))
        app, mo = actions.app(), actions.person()
        granted, narrowed, other = (app.connect(mo) for _ in range(3))
        assert readiness(actions) == 200
        database.save()
        narrow(actions, narrowed)
        assert app.revoke(granted.refresh).status_code == 200
        assert not actions.is_active(granted.access)
    assert readiness(actions) == 503
    for answer in (app.refresh(other.refresh), actions.fit("GET", token=other.access), mo.browser.get("/sign-in")):
        assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "1"), answer.text

    with redis_in(tmp_path, port):
        eventually(lambda: readiness(actions) == 200)
        assert not actions.is_active(granted.access)
        assert [scope_of(actions, each) for each in (narrowed, other)] == [READ, f"{READ} {WRITE}"]
        assert error_of(app.refresh(granted.refresh)) == (400, "invalid_grant")


def readiness(actions: Actions) -> int:
    return requests.get(f"{actions.stack.auth}/health/ready", timeout=TIMEOUT).status_code
