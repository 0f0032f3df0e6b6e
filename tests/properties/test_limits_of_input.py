"""Whatever repeats in a request, as often as it may and once more: an answer, below 500, in a second of CPU time.

One more than that costs as much and is sent by `make torture`, which also sends each shape to everything that reads it.
By the same process as before: a reader that ends it is as bad as one that never comes to an end.
"""

import base64
import http.client
import itertools
import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.properties.authorization_shapes import of_the_authorization_server
from tests.properties.fit_shapes import of_the_fit_api
from tests.properties.repeating_shapes import Sent, Shape
from tests.support.actions import Actions, App
from tests.support.gunicorn_process import GunicornProcess
from tests.support.servers import free_port
from tests.support.stack import TOKEN_KEY, Stack, run_stack

ALLOWED = 1.0
"""Seconds of CPU time, where a machine that does nothing else takes `USUAL` seconds for the same small work."""
USUAL = 0.02
_MANY_OBJECTS = json.dumps([{"at": f"2026-01-{number % 28 + 1:02}", "value": str(number)} for number in range(20_000)])
HIGHEST_SHOWN = 25
ONE_MORE = pytest.param(1, marks=pytest.mark.torture, id="one more")
ABOVE = pytest.mark.parametrize("above", [pytest.param(0, id="allowed"), ONE_MORE])
TO_ALL = pytest.mark.parametrize("to_all", [False, pytest.param(True, marks=pytest.mark.torture)], ids=["some", "all"])
"""Whether each shape goes to everything that reads it."""
_ONE_OF = 3


@dataclass
class Server:
    """A service in one process of its own."""

    process: GunicornProcess
    credentials: Mapping[str, str]

    def send(self, sent: Sent) -> int:
        """The status of the answer; 0 if there was none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.process.port, timeout=60)
        try:
            headers = {"Connection": "close", **self.credentials, **sent.headers}
            connection.request(sent.method, sent.path, sent.body, headers)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            print(f"{sent.method} {sent.path[:60]} {sent.body[:60]!r} {len(sent.body)}: {error!r}")
            return 0
        finally:
            connection.close()

    def cpu(self) -> float:
        """Seconds that its worker computed so far."""
        [worker] = self.process.workers()
        fields = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.fixture(scope="module")
def both(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """In threads: only to get tokens from."""
    with run_stack(tmp_path_factory.mktemp("limits"), redis_url, registration="open") as stack:
        yield stack


@contextmanager
def served(app: str, folder: Path, credentials: Mapping[str, str], **environment: str) -> Iterator[Server]:
    """One worker with one process id, from now on."""
    name, port = app.partition("_")[0], free_port()
    prefix = name.upper()
    variables = {f"{prefix}_{key.upper()}": value for key, value in environment.items()}
    variables |= {f"{prefix}_TRUSTED_HOSTS": "127.0.0.1", f"{prefix}_LOG_LEVEL": "ERROR"}
    options = ("-c", f"{app}/gunicorn.conf.py", "-w", "1")
    with GunicornProcess.running(f"{app}.wsgi:app", port, variables, *options, log=folder / f"{name}.log") as process:
        process.wait_until_ready()
        yield Server(process, credentials)


def slowness() -> float:
    """How much longer this machine takes at the moment than one that does nothing else.

    For work that goes through memory: there it is felt what others do.
    """
    return max(1.0, *(_small_work() / USUAL for _ in range(5)))


def _small_work() -> float:
    before = time.thread_time()
    objects = {each["value"]: each for each in json.loads(_MANY_OBJECTS)}
    sorted(objects.values(), key=lambda each: str(each["at"] + each["value"]))
    return time.thread_time() - before


def price(server: Server, request: Sent) -> tuple[float, int]:
    """CPU seconds of the server for one request, and the status of its answer."""
    before = server.cpu()
    status = server.send(request)
    return server.cpu() - before, status


def shared_out(shapes: Iterable[tuple[str, Shape]]) -> Iterator[tuple[str, Shape]]:
    """Of shapes that many read, a third for each reader: all shapes and all readers, but not each with each."""
    known = list(shapes)
    readers = Counter(shape.name for _, shape in known)
    turns = {name: itertools.count(place) for place, name in enumerate(readers)}
    for reader, shape in known:
        if next(turns[shape.name]) % _ONE_OF == 0 or readers[shape.name] < _ONE_OF:
            yield reader, shape


def hold(server: Server, shapes: Iterable[tuple[str, Shape]], above: int) -> None:
    """Send each shape so much above its limit; print the dearest."""
    workers, costs, wrong = server.process.workers(), [], []
    for reader, shape in shapes:
        count = shape.limit + above
        cost, status = price(server, shape.request(count))
        if cost > ALLOWED:  # a busy machine makes it dearer, but not three times in a row
            cost = min(cost, *(price(server, shape.request(count))[0] for _ in range(2)))
        costs.append((cost, status, reader, shape.name, count))
        is_wrong = status != 200 if shape.is_read and above == 0 else not 200 <= status < 500
        if is_wrong or (cost > ALLOWED and cost > ALLOWED * slowness()):
            wrong.append(costs[-1])
    print(f"{len(costs)} requests, {sum(cost for cost, *_ in costs):.2f} s")
    for cost, status, reader, name, count in sorted(costs, reverse=True)[:HIGHEST_SHOWN]:
        print(f"{cost:5.2f} s  {status}  {reader}: {count} {name}")
    assert wrong == []
    assert server.process.workers() == workers


@TO_ALL
@ABOVE
def test_the_fit_api_reads_whatever_repeats(
    both: Stack, redis_url: str, tmp_path: Path, above: int, *, to_all: bool
) -> None:
    actions = Actions(both)
    token = actions.app().connect(actions.person()).access
    settings = {
        "resource": both.fit_credentials.resource,
        "issuer": both.auth,
        "client_id": both.fit_credentials.name,
        "client_secret": both.fit_credentials.secret,
        "database_url": f"sqlite:///{tmp_path / 'fit.sqlite'}",
        "rate_limit": "0",
        "invalid_token_limit": "0",
        "webhook_allow_private": "1",
    }
    both.fit_app.extensions["fit_service"].database.__class__(settings["database_url"]).upgrade()
    with served("fit_service", tmp_path, {"Authorization": f"Bearer {token}"}, **settings) as server:
        assert server.send(Sent("GET", "/api/body_weight/")) == 200
        shapes = of_the_fit_api(both.fit_app)
        hold(server, shapes if to_all else shared_out(shapes), above)


@TO_ALL
@ABOVE
def test_the_authorization_server_reads_whatever_repeats(
    both: Stack, redis_url: str, tmp_path: Path, above: int, *, to_all: bool
) -> None:
    app: App = Actions(both).app()
    basic = base64.b64encode(f"{app.client_id}:{app.secret}".encode()).decode()
    settings = {
        "issuer": both.auth,
        "database_url": str(both.parts.settings.database_url),
        "redis_url": redis_url,
        "token_keys": TOKEN_KEY,
        "registration": "open",
    }
    with served("auth_service", tmp_path, {"Authorization": f"Basic {basic}"}, **settings) as server:
        shapes = of_the_authorization_server(both.auth_app)
        hold(server, shapes if to_all else shared_out(shapes), above)
