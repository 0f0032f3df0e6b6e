"""A service says at its start if Redis will forget at a restart what the service wrote, and what to change."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from shared.service.redis_replay import log_whether_redis_replays
from tests.support.gunicorn_process import GunicornProcess
from tests.support.gunicorn_stack import run_gunicorn_stack
from tests.support.polling import eventually
from tests.support.servers import RedisServer, free_port, redis_server, running_redis
from tools.redis_users import users_file


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """Whose every user but the default one comes from the users' file of the stack."""
    if redis_server() is None:
        pytest.skip("needs redis-server")
    users = [["--user", *line.split()[1:]] for line in users_file("one", "two").splitlines()[1:]]
    with running_redis(*[word for user in users for word in user]) as running:
        yield running


def cut_down_default_user(server: RedisServer) -> None:
    with redis.Redis.from_url(server.url) as database:
        database.execute_command("ACL", "SETUSER", "default", "on", "nopass", "-@all", "+ping")


@pytest.mark.parametrize("credentials", ["auth:one@", "fit:two@"])
def test_each_user_of_the_stack_may_ask_and_says_what_to_change(
    server: RedisServer, credentials: str, caplog: pytest.LogCaptureFixture
) -> None:
    with redis.Redis.from_url(server.url.replace("redis://", f"redis://{credentials}")) as client:
        log_whether_redis_replays(client)
        assert caplog.records == []
        cut_down_default_user(server)
        log_whether_redis_replays(client)
    [record] = caplog.records
    assert record.levelname == "ERROR"
    assert "ACL SETUSER default off ~* &* +@all" in record.getMessage()


def test_a_redis_that_forbids_the_question_is_a_warning(server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    with (
        redis.Redis.from_url(server.url.replace("redis://", "redis://health:x@")) as client,
        caplog.at_level(logging.WARNING),
    ):
        log_whether_redis_replays(client)
    [record] = caplog.records
    assert record.levelname == "WARNING"


def test_both_services_ask_once_at_their_start(server: RedisServer, tmp_path: Path) -> None:
    cut_down_default_user(server)
    url, fit_log = server.url.replace("redis://", "redis://{}@"), tmp_path / "fit.log"
    fit = {
        "FIT_RESOURCE": "http://localhost:9/api/",
        "FIT_ISSUER": "http://localhost:9",
        "FIT_CLIENT_ID": "fit",
        "FIT_CLIENT_SECRET": "x" * 32,
        "FIT_DATABASE_URL": f"sqlite:///{tmp_path / 'fit.sqlite'}",
        "FIT_REDIS_URL": url.format("fit:two"),
    }
    config = ("-c", "fit_service/gunicorn.conf.py")
    with (
        GunicornProcess.running("fit_service.wsgi:app", free_port(), fit, *config, log=fit_log),
        run_gunicorn_stack(tmp_path, url.format("auth:one")),
    ):
        for log in (fit_log, tmp_path / "auth.log"):
            eventually(lambda log=log: len(complaints(log)) > 0, 30)
    assert [len(complaints(log)) for log in (fit_log, tmp_path / "auth.log")] == [1, 1]


def complaints(log: Path) -> list[str]:
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [line["message"] for line in lines if line["logger"] == "shared.service.redis_replay"]
