"""Where the microseconds of a token request go: `python -m benchmarks.hot_paths [requests]`; needs redis-server.

In one process, without a socket to the caller: only our part is seen. A timer asks again and again what runs.
"""

import io
import itertools
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from urllib.parse import urlencode

import auth_service
from benchmarks import report
from benchmarks.prepared import PreparedServer, prepared_server
from benchmarks.processes import SERVER_CORE

TITLE = "Hot paths"
_PORT, _REDIS_PORT = 18_450, 18_451
_EVERY = 0.0011
"""Seconds of CPU time between two looks; no multiple of anything that a request does."""
_LAYERS = {
    ("redis_exchange.py", "answers"): "Redis, one round trip",
    ("sql_question.py", "rows"): "SQL, one query",
    ("request_log.py", "log_answer"): "log line",
    ("metrics.py", "count"): "metrics",
    ("authentication.py", "authenticate"): "client authentication",
    ("token_handle.py", "parse"): "tokens: verify, derive, digest",
    ("token_handle.py", "derive"): "tokens: verify, derive, digest",
    ("token_handle.py", "make"): "tokens: verify, derive, digest",
    ("token_handle.py", "token_digest"): "tokens: verify, derive, digest",
    ("authorization_server.py", "create_token_response"): "grant rules, with Authlib's",
    ("introspection.py", "answer"): "introspection's rules",
    ("oauth_request.py", "__init__"): "form and headers in, JSON and headers out",
    ("protocol_app.py", "__call__"): "form and headers in, JSON and headers out",
}
"""By file and function: what a sample counts for, if this is the innermost of these in it."""

Send = Callable[[], object]


def main() -> None:
    """Measure and write the results."""
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    os.sched_setaffinity(0, {SERVER_CORE})  # Redis too: what is measured is work, not the waking of another core
    stderr = os.dup(sys.stderr.fileno())
    with (
        tempfile.TemporaryDirectory() as folder,
        prepared_server(Path(folder), _PORT, _REDIS_PORT, core=None) as server,
    ):
        columns = {name: _profile(name, send, requests) for name, send in _paths(server).items()}
    os.dup2(stderr, sys.stderr.fileno())
    layers = sorted(dict.fromkeys(_LAYERS.values()), key=lambda layer: -max(each[layer] for each in columns.values()))
    if unseen := [layer for layer in layers if not any(each[layer] for each in columns.values())]:
        raise RuntimeError(f"never seen, so their functions were probably renamed: {unseen}")
    lines = [f"| CPU µs | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
    for layer in [*layers, "all"]:
        cells = (f"{each[layer]:.0f}" if each[layer] else "" for each in columns.values())
        lines.append(f"| {layer} | {' | '.join(cells)} |")
    text = "\n".join(lines)
    report.write(TITLE, f"{requests:,} requests each, without the WSGI server and its sockets.\n\n{text}")
    print(text)


def _paths(server: PreparedServer) -> dict[str, Send]:
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stderr.fileno())  # as in production, each request leaves its line
    settings = server.parts.settings.model_copy(update={"log_level": "INFO", "metrics_token": "a" * 20})
    app = auth_service.create_app(settings)
    tokens = server.tokens(32)
    access = itertools.cycle([each["access_token"] for each in tokens])
    chains = [each["refresh_token"] for each in tokens]
    turn = itertools.cycle(range(len(chains)))

    def post(path: str, authorization: str, **form: str) -> dict[str, str]:
        body, statuses = urlencode(form).encode(), list[str]()
        environ = {
            "REQUEST_METHOD": "POST",
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": str(_PORT),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": f"localhost:{_PORT}",
            "HTTP_AUTHORIZATION": authorization,
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
        }
        answered = b"".join(app(environ, lambda status, *_: statuses.append(status)))  # type: ignore[arg-type]
        if statuses != ["200 OK"]:
            raise ValueError(f"{path} answered {statuses}: {answered!r}")
        answer: dict[str, str] = json.loads(answered)
        return answer

    def refresh() -> None:
        chain = next(turn)
        form = {"grant_type": "refresh_token", "refresh_token": chains[chain]}
        chains[chain] = post("/token", server.client_authorization, **form)["refresh_token"]

    return {
        "introspection": lambda: post("/introspect", server.caller_authorization, token=next(access)),
        "refresh": refresh,
        "client credentials": lambda: post("/token", server.client_authorization, grant_type="client_credentials"),
    }


def _profile(name: str, send: Send, requests: int) -> Counter[str]:
    """CPU microseconds of one request by layer."""
    print(name, file=sys.stdout, flush=True)
    for _ in range(200):
        send()
    samples: Counter[str] = Counter()
    signal.signal(signal.SIGPROF, lambda _signal, frame: samples.update([_layer(frame)]))
    began = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, _EVERY, _EVERY)
    for _ in range(requests):
        send()
    signal.setitimer(signal.ITIMER_PROF, 0)
    each = (time.process_time() - began) / requests * 1e6
    found = Counter({layer: each * count / samples.total() for layer, count in samples.items()})
    del found[_OURS]
    return found + Counter({"all": found.total()})


_OURS = "this module"


def _layer(frame: FrameType | None) -> str:
    while frame:
        code = frame.f_code
        layer = _LAYERS.get((code.co_filename.rpartition("/")[2], code.co_name))
        if layer:
            return layer
        frame = frame.f_back
    return _OURS


if __name__ == "__main__":
    main()
