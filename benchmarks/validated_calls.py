"""What protecting a route costs: `python -m benchmarks.validated_calls [rounds]`; needs wrk, redis-server, two cores.

The resource server has a core to itself; wrk, Redis and the authorization server share the other.
"""

import json
import sys
import tempfile
import urllib.request
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

from joserfc.jwk import ECKey, RSAKey

from benchmarks import report
from benchmarks.load import Round, run_round
from benchmarks.prepared import SECRET, PreparedServer, prepared_server
from benchmarks.processes import LOAD_CORE, SERVER_CORE, check_tools, gunicorn, pinned, wait_until_answering
from benchmarks.protected_routes import signed_token

_PORT, _REDIS_PORT, _ROUTES_PORT = 18_410, 18_411, 18_412
FLOOR = "unprotected"
TITLE = "Validated calls"


def main() -> None:
    """Measure and write the results."""
    check_tools()
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    measured: dict[str, list[Round]] = defaultdict(list)
    keys = {"ES256": ECKey.generate_key("P-256"), "RS256": RSAKey.generate_key(2048)}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(prepared_server(folder, _PORT, _REDIS_PORT, core=LOAD_CORE))
        settings = {
            "issuer": server.url,
            "client_id": "moogle-fit",
            "client_secret": SECRET,
            "keys": {algorithm: key.as_dict(private=False) for algorithm, key in keys.items()},
        }
        command = [*gunicorn(_ROUTES_PORT), "benchmarks.protected_routes:app"]
        pid = stack.enter_context(pinned(SERVER_CORE, command, {"BENCHMARK": json.dumps(settings)}))
        url = f"http://127.0.0.1:{_ROUTES_PORT}"
        wait_until_answering(f"{url}/unprotected")
        tokens = {algorithm: signed_token(algorithm, key, server.url) for algorithm, key in keys.items()}
        opaque = _warm(server, url)
        for number in range(1, rounds + 1):
            print(f"round {number} of {rounds}", flush=True)
            for name, path, token in (
                (FLOOR, "/unprotected", opaque),
                ("opaque token, known (memory and revocation feed)", "/memory", opaque),
                ("opaque token, introspected at each call", "/introspection", opaque),
                ("JWT verified locally, ES256", "/ES256", tokens["ES256"]),
                ("JWT verified locally, RS256", "/RS256", tokens["RS256"]),
            ):
                measured[name].append(run_round(pid, f"{url}{path}", "get", [f"Bearer {token}"]).expect(200))
    text = report.added_cost(measured, FLOOR)
    report.write(TITLE, f"{rounds} rounds, 16 connections, one gunicorn worker, a Flask view.\n\n{text}")
    print(text)


def _warm(server: PreparedServer, url: str) -> str:
    """An access token that the route in question knows."""
    token = server.tokens(1)[0]["access_token"]
    for _ in range(20):
        request = urllib.request.Request(f"{url}/memory", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=10):
            pass
    return token


if __name__ == "__main__":
    main()
