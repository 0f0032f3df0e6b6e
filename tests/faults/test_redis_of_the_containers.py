"""Redis as `make up` runs it in a container keeps its state: with the users and the options that the stack gives it."""

import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
import requests

from tests.support.actions import READ, TIMEOUT, Actions, error_of, tokens
from tests.support.compose import SERVICES, interpolated
from tests.support.polling import eventually
from tests.support.servers import RedisServer, redis_server
from tests.support.stack import Stack
from tools.redis_users import users_file

CONTAINER = SERVICES["redis"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    if redis_server() is None:
        pytest.skip("needs redis-server")
    users = tmp_path / "users.acl"
    operator = "user operator on nopass ~* &* +@all\n"
    users.write_text(users_file("auth's password", "fit's password") + operator, encoding="utf-8")
    program, *options = shlex.split(interpolated(CONTAINER["command"], {}))
    assert program == "redis-server"
    options = [str(users) if option == "/etc/redis/users.acl" else option for option in options]
    (tmp_path / "data").mkdir()
    server = RedisServer(tmp_path / "data", *options, credentials="auth:auth's%20password@")
    server.start()
    yield server
    server.stop()


@pytest.mark.parametrize("rewritten", [False, True], ids=["appended only", "rewritten"])
def test_after_a_restart_the_current_token_works_and_a_spent_one_ends_the_grant(
    server: RedisServer, start_stack: Callable[..., Stack], rewritten: bool
) -> None:
    actions = Actions(start_stack(redis=server.url))
    app, mo = actions.app(), actions.person()
    first = app.connect(mo)
    spent = tokens(app.refresh(first.refresh))
    current = tokens(app.refresh(spent.refresh))
    own = actions.app("--grant-type", "client_credentials", scopes=[READ]).client_credentials().json()

    server.stop()
    server.start()
    eventually(lambda: readiness(actions) == 200)
    assert actions.is_active(current.access)
    assert actions.is_active(own["access_token"])
    latest = tokens(app.refresh(current.refresh))
    if rewritten:
        rewrite_append_only_file(server)
        latest = tokens(app.refresh(latest.refresh))
        server.stop()
        server.start()
        eventually(lambda: readiness(actions) == 200)
        assert actions.is_active(latest.access)

    assert error_of(app.refresh(first.refresh)) == (400, "invalid_grant")
    assert error_of(app.refresh(latest.refresh)) == (400, "invalid_grant"), "reuse ends the grant"
    assert not actions.is_active(latest.access)


def rewrite_append_only_file(server: RedisServer) -> None:
    with redis.Redis.from_url(server.url.replace("auth:auth's%20password", "operator:none")) as operator:
        operator.bgrewriteaof()
        eventually(lambda: not operator.info("persistence")["aof_rewrite_in_progress"])


def test_the_health_check_says_no_to_a_redis_that_refuses(server: RedisServer) -> None:
    _, program, *arguments = CONTAINER["healthcheck"]["test"]
    command = [program, "-p", server.url.rpartition(":")[2].partition("/")[0], *arguments]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    refused = [*command[:-1], "DBSIZE"]
    assert subprocess.run(refused, check=False, capture_output=True).returncode == 1


def test_nobody_gets_in_without_being_one_of_the_users(server: RedisServer) -> None:
    with redis.Redis(port=int(server.url.rpartition(":")[2].partition("/")[0])) as nobody:
        with pytest.raises(redis.AuthenticationError):
            nobody.ping()
        with pytest.raises(redis.AuthenticationError):
            nobody.execute_command("AUTH", "default", "")


def readiness(actions: Actions) -> int:
    return requests.get(f"{actions.stack.auth}/health/ready", timeout=TIMEOUT).status_code
