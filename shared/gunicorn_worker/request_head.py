"""Makes a WSGI environment of the head of a request: of a usual one at once, of any other with gunicorn's parser.

The rules of HTTP are gunicorn's. The short way takes only what it knows to mean the same; a test compares both ways.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gunicorn.config import Config
from gunicorn.http.body import ChunkedReader
from gunicorn.http.errors import LimitRequestHeaders, NoMoreData
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from gunicorn.http.wsgi import base_environ, create
from gunicorn.util import unquote_to_wsgi_str

from shared.gunicorn_worker.answer import Answer

LONGEST_HEAD = 64 * 1024
"""Bytes. gunicorn has limits for each line; this is one for all together."""

_USUAL = re.compile(
    rb"(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (/(?!/)[!\"$-~]*) HTTP/1\.1\r\n"
    rb"((?:[A-Za-z][A-Za-z0-9-]*:[\t -~]*\r\n)+)\r\n"
)
_MOST_DIGITS = 18
"""Of a Content-Length: int refuses thousands of them."""
_FIELD = re.compile(r"([^:]+):(.*)\r\n")


@dataclass(frozen=True, slots=True)
class Peers:
    """Both ends of a connection, and what the environments of all its requests have in common."""

    socket: Any
    """What is written to reaches the client."""
    client: Any
    server: Any
    environ: Mapping[str, Any] | None
    """None: gunicorn's parser is to read every head."""


@dataclass(slots=True)
class Head:
    """A head that was read."""

    environ: dict[str, Any]
    """What WSGI wants, but for the body."""
    answer: Answer
    size: int
    """Bytes."""
    length: int
    """Bytes of the body, if it isn't chunked."""
    chunked: bool = False


class HeadReader:
    """Reads heads under one configuration."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._environ = {
            **base_environ(config),
            "wsgi.multithread": True,
            "wsgi.url_scheme": "http",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SCRIPT_NAME": "",
        }
        self._most_fields = config.limit_request_fields
        self._longest_usual = min(config.limit_request_line, config.limit_request_field_size)
        self._knows_usual = "SCRIPT_NAME" not in os.environ
        proxies_say = config.secure_scheme_headers if config.forwarded_allow_ips else ()
        self._unusual = frozenset({"HTTP_TRANSFER_ENCODING", "HTTP_EXPECT", *map(_key, proxies_say)})

    def peers(self, socket: Any, client: Any, server: Any) -> Peers:
        """What is to be known of a connection. Addresses of Unix sockets are gunicorn's business."""
        environ = None
        if self._knows_usual and isinstance(client, tuple):
            environ = {
                **self._environ,
                "REMOTE_ADDR": client[0],
                "REMOTE_PORT": str(client[1]),
                "SERVER_NAME": server[0],
                "SERVER_PORT": str(server[1]),
            }
        return Peers(socket, client, server, environ)

    def read(self, received: bytearray, peers: Peers) -> Head | None:
        """The head at the beginning, or None while it isn't there. Raises what gunicorn raises of a bad one."""
        if head := self._usual(received, peers):
            return head
        end = received.find(b"\r\n\r\n", 0, LONGEST_HEAD)
        if end >= 0:
            return self._any(bytes(received[: end + 4]), peers)
        if len(received) > LONGEST_HEAD or received.count(b"\n") != received.count(b"\r\n"):
            try:
                return self._any(bytes(received[:LONGEST_HEAD]), peers)
            except NoMoreData:
                raise LimitRequestHeaders("the head is too long") from None
        return None

    def _usual(self, received: bytearray, peers: Peers) -> Head | None:
        found = _USUAL.match(received, 0, self._longest_usual) if peers.environ else None
        if found is None or peers.environ is None:
            return None
        target = found[2].decode()
        path, _, query = target.partition("?")
        environ = {
            **peers.environ,
            "REQUEST_METHOD": found[1].decode(),
            "RAW_URI": target,
            "PATH_INFO": unquote_to_wsgi_str(path) if "%" in path else path,
            "QUERY_STRING": query,
        }
        fields, others = _FIELD.findall(found[3].decode()), len(environ)
        for name, value in fields:
            environ[_key(name)] = value.strip(" \t")
        length = environ.get("CONTENT_LENGTH", "0")
        if (
            len(fields) > self._most_fields
            or len(environ) < others + len(fields)  # a field was repeated
            or not self._unusual.isdisjoint(environ)
            or not length.isdecimal()
            or len(length) > _MOST_DIGITS
        ):
            return None
        request: Any = _UsualRequest(environ["REQUEST_METHOD"], environ.get("HTTP_CONNECTION", ""))
        return Head(environ, Answer(request, peers.socket, self._config), found.end(), int(length))

    def _any(self, head: bytes, peers: Peers) -> Head:
        request: Any = Request(self._config, IterUnreader([head]), peers.client)
        made: Any = create(request, peers.socket, peers.client, peers.server, self._config, response_class=Answer)
        answer, environ = made
        environ["wsgi.multithread"] = True
        reader = request.body.reader
        if isinstance(reader, ChunkedReader):
            return Head(environ, answer, len(head), 0, chunked=True)
        return Head(environ, answer, len(head), reader.length)


@lru_cache(1_000)
def _key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in {"CONTENT_LENGTH", "CONTENT_TYPE"} else f"HTTP_{key}"


class _UsualRequest:
    """What an answer has to know of its request."""

    __slots__ = ("_connection", "method")
    version = (1, 1)

    def __init__(self, method: str, connection: str) -> None:
        self.method = method
        self._connection = connection

    def should_close(self) -> bool:
        return self._connection.lower() == "close"
