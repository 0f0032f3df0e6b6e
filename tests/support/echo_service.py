"""A WSGI application that tells what reached it. Asked to, it dies without an answer, and leaves a line behind."""

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    body = environ["wsgi.input"].read().decode()
    if environ["PATH_INFO"] == "/die":
        with Path(os.environ["TEST_DEATHS"]).open("a") as deaths:
            deaths.write(f"{environ['REQUEST_METHOD']}\n")
        os._exit(1)
    told = {name: value for name, value in environ.items() if isinstance(value, str)} | {"body": body}
    answer = json.dumps(told).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
    return [answer]
