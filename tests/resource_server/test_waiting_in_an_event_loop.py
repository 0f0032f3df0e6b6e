"""In an event loop, whoever waits for an answer holds no thread, and the deadline counts from a request's arrival."""

import asyncio
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from shared.resource_server import asgi_middleware, connect, token_digest
from tests.resource_server.adapters import call_asgi
from tests.resource_server.conftest import ISSUER, RESOURCE, active
from tests.support.polling import eventually
from tests.support.stub_authorization_server import StubAuthorizationServer, reply

CALLS = 160


class Service:
    """Tokens that begin with `slow` wait for the gate, others for `delay` seconds."""

    def __init__(self, running: ExitStack) -> None:
        self.gate = threading.Event()
        self.delay = 0.0
        self.asked: Counter[str] = Counter()
        self._stub = running.enter_context(StubAuthorizationServer.running())
        self._stub.behaviour = self._answer
        self._running = running
        running.callback(self.gate.set)

    def app(self, deadline: float) -> Any:
        async def reached(_scope: Any, _receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"reached"})

        validator = connect(
            resource=RESOURCE,
            issuer=ISSUER,
            client_id="plans",
            client_secret="a secret",
            auth_url=self._stub.address,
            follow_revocations=False,
            max_age=30.0,
            deadline=deadline,
        )
        self._running.callback(validator.close)
        return asgi_middleware.TokenMiddleware(reached, validator)

    def _answer(self, connection: socket.socket, token: str) -> None:
        self.asked[token] += 1
        if token.startswith("slow"):
            self.gate.wait(60)
        time.sleep(self.delay)
        body = json.dumps(active(jti=token_digest(token))).encode()
        connection.sendall(reply(body=body, more="Connection: close\r\n"))


@pytest.fixture
def service() -> Iterator[Service]:
    with ExitStack() as running:
        yield Service(running)


async def status(app: Any, token: str) -> int:
    return (await call_asgi(app, "/plans", [("Authorization", f"Bearer {token}")])).status


def test_a_hundred_requests_that_wait_for_one_answer_keep_no_other_waiting(service: Service) -> None:
    async def play() -> None:
        app = service.app(deadline=30.0)
        waiting = [asyncio.create_task(status(app, "slow")) for _ in range(100)]
        await asyncio.to_thread(eventually, lambda: service.asked["slow"])
        assert await asyncio.wait_for(status(app, "quick"), 15) == 200
        assert not any(task.done() for task in waiting)
        service.gate.set()
        assert await asyncio.gather(*waiting) == [200] * 100

    asyncio.run(play())
    assert service.asked == {"slow": 1, "quick": 1}


def test_the_deadline_counts_from_arrival_for_those_in_the_queue_too(service: Service) -> None:
    deadline, service.delay = 4.0, 2.5
    took: list[float] = []

    async def call(app: Any, number: int) -> int:
        began = time.monotonic()
        try:
            return await status(app, f"cold-{number}")
        finally:
            took.append(time.monotonic() - began)

    app = service.app(deadline)

    async def play() -> list[int]:
        return await asyncio.gather(*(call(app, number) for number in range(CALLS)))

    answers = Counter(asyncio.run(play()))
    print({"answers": answers, "slowest": f"{max(took):.2f} s", "asked": service.asked.total()})
    assert set(answers) <= {200, 503}
    service.delay = 0.0
    eventually(lambda: asyncio.run(status(app, "after")) == 200)  # which is asked when the queue is empty
    assert service.asked.total() < CALLS  # they go 32 at a time: for the third turn, the deadline has passed


def test_whoever_leaves_takes_the_answer_from_nobody(service: Service) -> None:
    async def play() -> int:
        app = service.app(deadline=30.0)
        first = asyncio.create_task(status(app, "slow"))
        await asyncio.to_thread(eventually, lambda: service.asked["slow"])
        second = asyncio.create_task(status(app, "slow"))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        service.gate.set()
        return await second

    assert asyncio.run(play()) == 200
    assert service.asked == {"slow": 1}


@pytest.mark.torture  # only where the machine has time are the first answers there before the deadline
def test_a_question_that_failed_since_it_had_waited_here_opens_no_breaker(service: Service) -> None:
    deadline, service.delay = 4.0, 2.5

    async def play() -> int:
        app = service.app(deadline)
        await asyncio.gather(*(status(app, f"cold-{number}") for number in range(100)))
        service.delay = 0.0
        return await status(app, "after")

    assert asyncio.run(play()) == 200
