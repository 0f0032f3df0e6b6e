"""What the worker answers for a service, by itself, looks like what the service answers."""

from pathlib import Path

import requests

from tests.support.actions import TIMEOUT
from tests.support.gunicorn_stack import run_gunicorn_stack
from tests.support.servers import fake_redis

OF_ONE_ANSWER = {
    "Content-Length",
    "Content-Type",
    "Date",
    "Connection",
    "X-Request-Id",
    "X-Test-Worker",
    "Vary",
}

OURS = ("-k", "buffering_worker.worker.BufferingWorker")
"""Also where other tests are run with gunicorn's own worker."""


def test_a_request_line_that_is_too_long_is_answered_with_the_headers_of_all_answers(tmp_path: Path) -> None:
    with fake_redis() as redis, run_gunicorn_stack(tmp_path, redis, "-w", "1", *OURS) as stack:
        address = f"http://127.0.0.1:{stack.port}"
        usual = requests.get(f"{address}/no/such/page", headers={"Accept": "application/json"}, timeout=TIMEOUT)
        refused = requests.get(f"{address}/authorize?state={'x' * 5_000}", timeout=TIMEOUT)
    assert (usual.status_code, refused.status_code) == (404, 414)
    assert refused.text.count("\n") == 1
    assert "Content-Security-Policy" in refused.headers
    assert {name: usual.headers[name] for name in usual.headers if name not in OF_ONE_ANSWER} == {
        name: refused.headers[name] for name in refused.headers if name not in OF_ONE_ANSWER
    }
