"""What every token request asks Redis: no answer is taken for another's, no dead or foreign connection is used."""

import subprocess
import sys
from pathlib import Path

import pytest
import redis

from auth_service.storage.redis_connection import RedisClients, connect_redis
from tests.support.servers import RedisServer, redis_server
from tests.support.told_redis import connect_told

ROOT = Path(__file__).resolve().parents[2]


def test_an_error_among_the_answers_is_raised_and_shifts_no_later_answer(clients: RedisClients) -> None:
    clients.scripts.set("{1}:text", "a text")
    clients.scripts.set("{2}:text", "another")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        clients.exchange.ask(("GET", "{2}:text"), ("HGET", "{1}:text", "field"), ("GET", "{1}:text"))
    answers = clients.exchange.ask(("GET", "{1}:nothing"), ("GET", "{2}:text"), ("GET", "{1}:text"))
    assert answers == [None, "another", "a text"]


@pytest.mark.skipif(redis_server() is None, reason="needs redis-server")
def test_a_redis_that_may_not_be_asked_who_it_is_is_used_for_nothing(tmp_path: Path) -> None:
    """One that was left, or lost data, could not be told from it."""
    server = RedisServer(tmp_path, "--rename-command", "INFO", "")
    server.start()
    try:
        with pytest.raises(redis.ResponseError, match="INFO"):
            connect_redis(server.url).scripts.ping()
    finally:
        server.kill()


def test_connections_that_redis_has_closed_are_replaced_unnoticed(real_redis_url: str) -> None:
    clients = connect_told(real_redis_url)
    (before,) = clients.exchange.ask(("CLIENT", "ID"))
    clients.reads.client_kill_filter(_id=str(before))
    (after,) = clients.exchange.ask(("CLIENT", "ID"))
    assert after != before


FORKING = """
import os, sys
from auth_service.storage.redis_connection import connect_redis

clients = connect_redis(sys.argv[1], 4)
parents = clients.exchange.ask(("CLIENT", "ID"))
child = os.fork()
if child == 0:
    os._exit(0 if clients.exchange.ask(("CLIENT", "ID")) != parents else 1)
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status) or clients.exchange.ask(("CLIENT", "ID")) != parents)
"""


def test_a_forked_process_uses_no_connection_of_its_parent_and_leaves_it_open(real_redis_url: str) -> None:
    connect_told(real_redis_url)
    done = subprocess.run([sys.executable, "-c", FORKING, real_redis_url], cwd=ROOT, timeout=120, check=False)
    assert done.returncode == 0
