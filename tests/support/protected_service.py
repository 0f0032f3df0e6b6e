"""`plans_service` behind gunicorn: called, with each call stamped."""

import http.client
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.gunicorn_process import GunicornProcess
from tests.support.gunicorn_stack import RESOURCE, SECRET, GunicornStack
from tests.support.polling import eventually
from tests.support.servers import free_port

Connection = http.client.HTTPConnection


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a protected route. Times are `time.monotonic`'s."""

    token: str
    sent_at: float
    answered_at: float
    status: int
    worker: int
    took: str
    """`hit`, `miss`, `wait` or `failure`; see `connect(observe=…)`."""


@dataclass(frozen=True)
class ProtectedService:
    """A running one."""

    process: GunicornProcess
    size: int
    """How many workers."""

    def wait_until_ready(self) -> None:
        self.process.wait_until_ready("/health/live")
        eventually(lambda: len(self.process.workers()) == self.size)

    def call_once(self, token: str) -> Call:
        """On a connection of its own."""
        connection = self._connect()
        try:
            return self.call(connection, token)
        finally:
            connection.close()

    def call(self, connection: Connection, token: str) -> Call:
        return self.receive(connection, token, self.send(connection, token))

    def send(self, connection: Connection, token: str) -> float:
        """Send a request and don't wait for the answer; when it was sent."""
        sent_at = time.monotonic()
        connection.request("GET", "/plans", headers={"Authorization": f"Bearer {token}"} if token else {})
        return sent_at

    def receive(self, connection: Connection, token: str, sent_at: float) -> Call:
        answer = connection.getresponse()
        answer.read()
        worker, took = int(answer.headers["X-Test-Worker"]), answer.headers["X-Test-Took"]
        return Call(token, sent_at, time.monotonic(), answer.status, worker, took)

    @contextmanager
    def connections(self, per_worker: int) -> Iterator[dict[int, list[Connection]]]:
        """Kept connections to each worker. They can't be chosen, so it takes some more to have enough."""
        found: dict[int, list[Connection]] = {worker: [] for worker in self.process.workers()}
        with ExitStack() as kept:

            def enough() -> bool:
                connection = self._connect()
                kept.callback(connection.close)
                mine = found[self.call(connection, "").worker]
                if len(mine) < per_worker:
                    mine.append(connection)
                else:
                    connection.close()
                return min(map(len, found.values())) == per_worker

            eventually(enough, within=60, every=0.001)
            yield found

    def _connect(self) -> Connection:
        return Connection("127.0.0.1", self.process.port, timeout=60)


@contextmanager
def run_protected_service(
    folder: Path,
    stack: GunicornStack,
    *options: str,
    auth_url: str = "",
    deadline: float = 1.0,
    workers: int = 2,
    threads: int = 16,
    **more: str,
) -> Iterator[ProtectedService]:
    """Start a service that asks the authorization server of `stack`; it may not answer yet.

    `options` are gunicorn's, `more` the service's.
    """
    environment = {
        "PLANS_RESOURCE": RESOURCE,
        "PLANS_ISSUER": stack.issuer,
        "PLANS_CLIENT_ID": "moogle-fit",
        "PLANS_CLIENT_SECRET": SECRET,
        "PLANS_AUTH_URL": auth_url or stack.issuer,
        "PLANS_DEADLINE": str(deadline),
        **more,
    }
    port = free_port()
    gthread = ("-k", "gthread", "-w", str(workers), "--threads", str(threads), "--keep-alive", "75")
    application = "tests.support.plans_service:app"
    options = (*gthread, "--no-control-socket", *options)
    log = folder / f"service-{port}.log"
    with GunicornProcess.running(application, port, environment, *options, log=log) as process:
        yield ProtectedService(process, workers)
