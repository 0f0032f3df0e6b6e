"""A service that is told to stop says so, and serves on for a while."""

from pathlib import Path

import requests

from tests.support.actions import TIMEOUT
from tests.support.gunicorn_stack import run_gunicorn_stack
from tests.support.polling import eventually
from tests.support.servers import fake_redis


def test_a_service_that_is_to_stop_is_not_ready_and_goes_on_for_a_while(tmp_path: Path) -> None:
    with fake_redis() as redis, run_gunicorn_stack(tmp_path, redis, "-w", "1", AUTH_DRAIN_TIME="60") as stack:
        address = f"http://127.0.0.1:{stack.port}"
        stack.process.terminate()
        eventually(lambda: requests.get(f"{address}/health/ready", timeout=TIMEOUT).status_code == 503)
        assert requests.get(f"{address}/health/ready", timeout=TIMEOUT).json() == {"status": "stopping"}
        assert requests.get(f"{address}/health/live", timeout=TIMEOUT).status_code == 200
        stack.revoke(stack.tokens()["access_token"])
        stack.process.stop()  # who asks a second time means now: the test would otherwise last for a minute
