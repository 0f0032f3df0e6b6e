"""How soon a revocation is in force everywhere: `python -m benchmarks.revocation_latency [revocations]`.

Four resource-server processes that know a token; the token (or its grant) is revoked; each process is called until it
refuses. Meanwhile others call with other tokens, which must stay known. Needs redis-server.
"""

import base64
import http.client
import itertools
import json
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from benchmarks import report
from benchmarks.prepared import SECRET, PreparedServer, prepared_server
from benchmarks.processes import check_tools, gunicorn, running, wait_until_answering

_PORT, _REDIS_PORT, _ROUTES_PORT = 18_420, 18_421, 18_430
PROCESSES = 4
TITLE = "Revocation latency"
_OTHER_TOKENS = 50
_PAUSE = 0.004
"""Seconds between the calls of each of the others: the machine shall be busy, not drowned."""
_GIVE_UP = 5.0


class Caller:
    """A kept connection to one resource-server process."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

    def call(self, token: str) -> tuple[int, str]:
        """Status, and how the token was validated."""
        self._connection.request("GET", "/memory", headers={"Authorization": f"Bearer {token}"})
        answer = self._connection.getresponse()
        answer.read()
        return answer.status, answer.headers["X-Validated"]

    def warm(self, token: str) -> None:
        """Until the token is known there."""
        deadline = time.monotonic() + _GIVE_UP
        while self.call(token) != (200, "hit"):
            if time.monotonic() > deadline:
                raise TimeoutError("a token did not become known")

    def seconds_to_refusal(self, token: str, revoked_at: float) -> float:
        """Call until it is refused; and a refused token must stay so. Infinite if it isn't."""
        while time.monotonic() < revoked_at + _GIVE_UP:
            status, _ = self.call(token)
            answered_at = time.monotonic()
            if status == 401:
                return answered_at - revoked_at if self.call(token)[0] == 401 else float("inf")
        return float("inf")


@dataclass
class Others:
    """People who have nothing to do with any revocation."""

    tokens: list[str]
    ports: list[int]
    outcomes: Counter[tuple[int, str]] = field(default_factory=Counter)
    stop: threading.Event = field(default_factory=threading.Event)

    def call_until_stopped(self, port: int) -> None:
        """One of them."""
        caller, outcomes = Caller(port), Counter[tuple[int, str]]()
        for token in self.tokens:
            caller.warm(token)
        for token in itertools.cycle(self.tokens):
            if self.stop.wait(_PAUSE):
                break
            outcomes[caller.call(token)] += 1
        self.outcomes.update(outcomes)


def main() -> None:
    """Measure and write the results."""
    check_tools()
    revocations = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(prepared_server(folder, _PORT, _REDIS_PORT, core=None))
        ports = [_ROUTES_PORT + number for number in range(PROCESSES)]
        settings = {"issuer": server.url, "client_id": "moogle-fit", "client_secret": SECRET, "keys": {}}
        for port in ports:
            command = [*gunicorn(port), "benchmarks.protected_routes:app"]
            stack.enter_context(running(command, {"BENCHMARK": json.dumps(settings)}))
        for port in ports:
            wait_until_answering(f"http://127.0.0.1:{port}/unprotected")
        print(f"making {revocations} grants", flush=True)
        others = Others([answer["access_token"] for answer in server.tokens(_OTHER_TOKENS)], ports)
        grants = server.tokens(revocations)
        pool = stack.enter_context(ThreadPoolExecutor(2 * PROCESSES))
        calling = [pool.submit(others.call_until_stopped, port) for port in ports]
        latencies = _revoke_all(server, grants, [Caller(port) for port in ports], pool)
        others.stop.set()
        for call in calling:
            call.result()
    text = _table(latencies, others.outcomes)
    report.write(TITLE, text)
    print(text)
    if float("inf") in latencies:
        sys.exit("a revoked token was accepted after it had been refused, or never refused")


def _revoke_all(
    server: PreparedServer, grants: list[dict[str, str]], callers: list[Caller], pool: ThreadPoolExecutor
) -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", _PORT, timeout=10)
    latencies: list[float] = []
    for number, tokens in enumerate(grants):
        token = tokens["access_token"]
        list(pool.map(Caller.warm, callers, itertools.repeat(token)))
        _revoke(connection, server, tokens["refresh_token"] if number % 2 else token)
        revoked_at = time.monotonic()
        latencies += pool.map(
            lambda caller, token=token, revoked_at=revoked_at: caller.seconds_to_refusal(token, revoked_at), callers
        )
        if number % 200 == 199:
            print(f"{number + 1} of {len(grants)}", flush=True)
    for caller in callers:
        accepted = [tokens for tokens in grants if caller.call(tokens["access_token"])[0] != 401]
        latencies += [float("inf")] * len(accepted)
    return latencies


def _revoke(connection: http.client.HTTPConnection, server: PreparedServer, token: str) -> None:
    headers = {
        "Host": f"localhost:{_PORT}",
        "Authorization": "Basic " + base64.b64encode(f"{server.client.client_id}:{SECRET}".encode()).decode(),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection.request("POST", "/revoke", urlencode({"token": token}), headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise ValueError(f"/revoke answered {answer.status}")


def _table(latencies: list[float], outcomes: Counter[tuple[int, str]]) -> str:
    milliseconds = sorted(1000 * latency for latency in latencies)
    percentiles = statistics.quantiles(milliseconds, n=1000, method="inclusive")
    hits, calls = outcomes[200, "hit"], outcomes.total()
    rows = {
        "revocations × processes": f"{len(latencies):,}",
        "p50": f"{percentiles[499]:.1f} ms",
        "p99": f"{percentiles[989]:.1f} ms",
        "p99.9": f"{percentiles[998]:.1f} ms",
        "maximum": f"{milliseconds[-1]:.1f} ms",
        "calls with other tokens meanwhile": f"{calls:,}",
        "of these validated from memory": f"{100 * hits / calls:.2f} %",
        "of these refused": f"{sum(times for (status, _), times in outcomes.items() if status != 200):,}",
    }
    intro = (
        f"From the answer of `/revoke` to the first refusal at each of {PROCESSES} resource-server processes that had "
        "just validated the token from memory. All of it on one machine of two cores, load generator included."
    )
    return "\n".join([intro, "", "| | |", "|---|---:|", *(f"| {name} | {value} |" for name, value in rows.items())])


if __name__ == "__main__":
    main()
