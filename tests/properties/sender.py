"""Hands requests to the authorization server as a WSGI server does, which parses little: every byte gets through."""

import time
from dataclasses import dataclass
from io import BytesIO
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers
from werkzeug.test import run_wsgi_app

from tests.properties.good_requests import Draft
from tests.properties.live import Live
from tests.support.stack import Stack


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Headers
    text: str
    seconds: float
    """Of the processor's time, which a busy machine does not stretch."""


class Sender:
    """Each request comes from another address, so that no brake is in the way of the next."""

    def __init__(self, stack: Stack, live: Live) -> None:
        self._app, self._live = stack.auth_app, live
        self._host = urlsplit(stack.auth).netloc
        self._sent = 0

    def send(self, draft: Draft) -> Answer:
        environ = self._environ(draft)
        began = time.thread_time()
        parts, status, headers = run_wsgi_app(self._app, environ, buffered=True)  # type: ignore[arg-type]
        return Answer(int(status[:3]), headers, b"".join(parts).decode(), time.thread_time() - began)

    def _environ(self, draft: Draft) -> dict[str, object]:
        self._sent += 1
        path, _, query = self._live.fill(draft.target()).partition("?")
        body = self._live.fill(draft.body().decode("latin-1")).encode("latin-1")
        environ: dict[str, object] = {
            "REQUEST_METHOD": draft.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": self._host,
            "REMOTE_ADDR": f"10.{self._sent >> 16 & 255}.{self._sent >> 8 & 255}.{self._sent & 255}",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": None,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in draft.headers:
            key = name.upper().replace("-", "_")
            environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = self._live.fill(value)
        return environ
