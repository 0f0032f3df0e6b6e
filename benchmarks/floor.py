"""What can't be beaten: gunicorn with a bare WSGI reply (`/`), and with one Redis read (`/redis`)."""

import os
from collections.abc import Callable, Iterable
from typing import Any

import redis

_BODY = b'{"active":true,"scope":"body_weight:read","client_id":"c","username":"mo","sub":"s","aud":["a"]}'
_HEADERS = [("Content-Type", "application/json"), ("Content-Length", str(len(_BODY)))]
_redis = redis.Redis.from_url(os.environ.get("FLOOR_REDIS_URL", "redis://127.0.0.1"))


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The WSGI application."""
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if environ["PATH_INFO"] == "/redis":
        _redis.get("nothing")
    start_response("200 OK", _HEADERS)
    return [_BODY]
