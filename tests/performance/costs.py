"""CPU time of what is done again and again, and of a floor to hold it against."""

import gc
import io
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import redis
from flask import Flask, jsonify
from flask.typing import ResponseReturnValue

TURNS, REQUESTS = 15, 40


@contextmanager
def request_lines() -> Iterator[None]:
    """As in production, a log line for each request."""
    before = logging.getLogger().level
    logging.getLogger().setLevel("INFO")
    yield
    logging.getLogger().setLevel(before)


def environment(method: str, path: str, host: str, authorization: str, content_type: str) -> dict[str, Any]:
    """What a server would call an application with, but for the body."""
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": host,
        "HTTP_AUTHORIZATION": authorization,
        "CONTENT_TYPE": content_type,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def answered(app: Flask, environ: Mapping[str, Any], body: bytes, status: str) -> bytes:
    """The answer, which has to have this status."""
    statuses = list[str]()
    asked = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    answer = b"".join(app(asked, lambda status, *_: statuses.append(status)))  # type: ignore[arg-type]
    assert statuses == [status], answer
    return answer


def bare_answer(redis_url: str) -> Callable[[], object]:
    app, store = Flask("bare"), redis.Redis.from_url(redis_url)

    @app.post("/")
    def answer() -> ResponseReturnValue:
        return jsonify(active=True)

    def ask() -> None:
        store.get("nothing")
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
        }
        assert b"".join(app(environ, lambda *_: None)) == b'{"active":true}\n'  # type: ignore[arg-type]

    return ask


def least_cpu_seconds(actions: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Of each, what one costs in its calmest turn: of this thread alone, without collecting garbage."""
    costs = dict.fromkeys(actions, float("inf"))
    gc.disable()
    try:
        for _ in range(TURNS):
            for name, act in actions.items():
                began = time.thread_time()
                for _ in range(REQUESTS):
                    act()
                costs[name] = min(costs[name], (time.thread_time() - began) / REQUESTS)
    finally:
        gc.enable()
    return costs


def ratios_above(
    limits: Mapping[str, float], floor: str, actions: Mapping[str, Callable[[], object]]
) -> dict[str, float]:
    """Those that cost more than their limit, as multiples of the floor."""
    costs = least_cpu_seconds(actions)
    ratios = {name: cost / costs[floor] for name, cost in costs.items()}
    print({name: f"{cost * 1e6:.0f} µs, {ratios[name]:.2f}" for name, cost in costs.items()})
    return {name: ratios[name] for name, limit in limits.items() if ratios[name] > limit}
