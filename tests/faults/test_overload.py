"""Three times as many requests as the authorization server can answer, from callers who wait for a second each."""

import base64
import resource
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.gunicorn_stack import SECRET, GunicornStack, run_gunicorn_stack
from tests.support.open_load import OpenLoad
from tests.support.polling import eventually

pytestmark = [pytest.mark.torture, pytest.mark.timeout(600)]

SECONDS, WARMING = 20.0, 3.0
TIMES_OVER = 3
AT_ONCE = 16
DESCRIPTORS = 20_000
BUFFERED = 64
"""MiB that a worker may take for what clients are slow to send or take (docs/operations.md)."""


@pytest.fixture
def stack(tmp_path: Path, real_redis_url: str) -> Iterator[GunicornStack]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with run_gunicorn_stack(tmp_path, real_redis_url, "-w", "1") as stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(DESCRIPTORS, before[1]), before[1]))
        try:
            yield stack
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)


def load(stack: GunicornStack, token: str) -> OpenLoad:
    """Introspection of a token, as the resource server."""
    body = f"token={token}"
    head = (
        "POST /introspect HTTP/1.1",
        f"Host: localhost:{stack.port}",
        "Authorization: Basic " + base64.b64encode(f"moogle-fit:{SECRET}".encode()).decode(),
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
    )
    return OpenLoad(stack.port, ("\r\n".join(head) + "\r\n\r\n" + body).encode())


def resident(worker: int) -> int:
    """MiB."""
    lines = Path(f"/proc/{worker}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024


def answers_at_once(stack: GunicornStack, token: str) -> bool:
    """Whether one caller alone is answered each time."""
    alone = load(stack, token)
    alone.run(0.5, at_once=1)
    return set(alone.outcomes) == {200}


@contextmanager
def probed(stack: GunicornStack) -> Iterator[Counter[int]]:
    """Meanwhile somebody asks whether the process is alive, as a kubelet does."""
    answers, over = Counter[int](), threading.Event()

    def ask() -> None:
        while not over.wait(0.2):
            with stack.connection() as connection:
                connection.request("GET", "/health/live")
                answers[connection.getresponse().status] += 1

    prober = threading.Thread(target=ask)
    prober.start()
    try:
        yield answers
    finally:
        over.set()
        prober.join()


def test_three_times_as_many_requests_as_can_be_answered_end_no_process_and_pass(stack: GunicornStack) -> None:
    """How many good answers are left depends on the machine, so it is told and not held."""
    token, workers = stack.tokens()["access_token"], stack.process.workers()
    before, over = load(stack, token), load(stack, token)
    before.run(WARMING, at_once=AT_ONCE)
    peak = OpenLoad(before.port, before.request).run(WARMING, at_once=AT_ONCE)
    [worker] = workers
    memory = resident(worker)
    with probed(stack) as alive:
        good = over.run(SECONDS, per_second=TIMES_OVER * peak)
    print(
        f"{peak:.0f} good answers per second at most, {good:.0f} of {TIMES_OVER} times as many: {dict(over.outcomes)}"
    )
    assert set(over.outcomes) <= {200, 503, "closed", "gave up"}
    assert over.outcomes[503], "it was no overload"
    assert over.outcomes[200]
    assert set(alive) == {200}
    assert resident(worker) - memory < BUFFERED
    eventually(lambda: answers_at_once(stack, token))
    assert stack.process.workers() == workers
