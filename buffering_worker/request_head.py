"""Makes a WSGI environment of a request's head. httptools (llhttp) judges its grammar, `head_checks` the rest.

httptools has no limits, can't be stopped, and takes the body of a request that offers an upgrade for another request.
So each parser gets one head, to the byte, and what follows is framed by what `head_checks` says.
"""

import sys
from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes

from httptools import HttpParserError, HttpParserInvalidMethodError, HttpParserUpgrade, HttpRequestParser

from buffering_worker import head_checks
from buffering_worker.head_checks import HeadLimits
from buffering_worker.refusal import RefusedError, malformed
from buffering_worker.response import Response
from buffering_worker.send_buffer import SendBuffer

LONGEST_HEAD = 64 * 1024
"""Bytes. gunicorn's settings limit each line; this limits all of them together."""


@dataclass(frozen=True, slots=True)
class Peers:
    """Both ends of a connection."""

    send_buffer: SendBuffer
    client: Any
    """The client's address as `socket.accept` gives it: on a Unix socket nobody has one."""
    environ: Mapping[str, Any]
    """What the environments of all requests have in common."""


@dataclass(slots=True)
class Head:
    """A head that was read."""

    environ: dict[str, Any]
    """The environment that WSGI wants, without the body."""
    response: Response
    size: int
    """How many bytes the head has."""
    length: int
    """How many bytes the body has, if it isn't chunked."""
    chunked: bool
    expects_continue: bool
    """Whether the client waits for a `100 Continue` before it sends the body."""


class HeadReader:
    """Reads heads under one configuration."""

    def __init__(self, limits: HeadLimits, *, multiprocess: bool) -> None:
        self._limits = limits
        self._environ = {
            "wsgi.errors": sys.stderr,
            "wsgi.version": (1, 0),
            "wsgi.multithread": True,
            "wsgi.multiprocess": multiprocess,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
            "wsgi.url_scheme": "http",
            "SCRIPT_NAME": "",
        }

    def peers(self, send_buffer: SendBuffer, client: Any, server: Any) -> Peers:
        """What is to be known of a connection between these addresses."""
        environ = {**self._environ, "REMOTE_ADDR": ""}
        if isinstance(client, tuple):
            environ |= {"REMOTE_ADDR": client[0], "REMOTE_PORT": str(client[1])}
            environ |= {"SERVER_NAME": server[0], "SERVER_PORT": str(server[1])}
        return Peers(send_buffer, client, environ)

    def read(self, received: bytearray, peers: Peers) -> Head | None:
        """The head at the beginning, or None while it isn't there. Raises RefusedError of a bad one.

        An empty line before it is skipped (RFC 9112 §2.2).
        """
        start = 2 if received.startswith(b"\r\n") else 0
        end = received.find(b"\r\n\r\n", start, LONGEST_HEAD)
        if end >= 0:
            return self._read(bytes(received[start : end + 4]), end + 4, peers)
        if len(received) > LONGEST_HEAD:
            head_checks.line_length(received.find(b"\r\n", start) - start, self._limits)
            raise RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The head is too long.")
        if received.count(b"\n") != received.count(b"\r\n"):
            raise malformed("A line ends without CR.")
        return None

    def _read(self, head: bytes, size: int, peers: Peers) -> Head:
        line = head[: head.find(b"\r\n")]
        version = head_checks.version_of(line, self._limits)
        said = _Said(peers.environ)
        said_method = _parse(head, line, said)
        environ = said.environ
        head_checks.one_reading(line, said_method, said.target, said.heads, went_on=said.went_on)
        head_checks.fields(head, said.count, said.repeated, self._limits)
        host = head_checks.host(environ, version)
        length, chunked = head_checks.framing(environ, version)
        expects_continue = head_checks.expects_continue(environ, version)
        method, target = said_method.decode(), said.target.decode()
        path, _, query = head_checks.origin_form(method, target, host).partition("?")
        environ["REQUEST_METHOD"] = method
        environ["RAW_URI"] = target
        environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1") if "%" in path else path
        environ["QUERY_STRING"] = query
        environ["SERVER_PROTOCOL"] = "HTTP/1.1" if version == (1, 1) else "HTTP/1.0"
        if "SERVER_NAME" not in environ:
            environ["SERVER_NAME"], environ["SERVER_PORT"] = head_checks.name_and_port(host)
        response = Response(peers.send_buffer, method, version, _is_last(environ.get("HTTP_CONNECTION"), version))
        return Head(environ, response, size, length, chunked, expects_continue)


class _Said:
    """What a parser says that a head says."""

    target = b""
    heads = 0
    went_on = False
    """Whether the parser found something behind the head."""
    count = 0
    """How many fields there are, the dropped ones included."""
    repeated: Set[str] = frozenset()
    """Fields that come more than once, by their names in the environment."""

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self.environ = {**environ}

    def on_url(self, piece: bytes) -> None:
        self.target += piece

    def on_header(self, name: bytes, value: bytes) -> None:
        self.count += 1
        key, text = _key(name), value.decode("latin-1").strip(" \t")
        if key in self.environ:
            self.repeated |= {key}
            self.environ[key] += f",{text}"
        elif key:
            self.environ[key] = text

    def on_headers_complete(self) -> None:
        self.heads += 1

    def on_body(self, _: bytes) -> None:
        self.went_on = True


def _parse(head: bytes, line: bytes, said: _Said) -> bytes:
    """Have a head read. Returns the method of the request."""
    parser = HttpRequestParser(said)
    try:
        parser.feed_data(head)
    except HttpParserUpgrade:
        pass  # it is an offer: what follows is a body as ever
    except HttpParserInvalidMethodError as error:
        raise head_checks.unknown_method(line) from error
    except HttpParserError as error:
        if said.heads:  # it refuses codings that it doesn't know at the end of the head
            head_checks.framing(said.environ, (1, 1))
        raise malformed(f"{error}.") from error
    method: bytes = parser.get_method()
    return method


@lru_cache(500)
def _key(name: bytes) -> str:
    """A field's name in an environment. With an underscore it has none: it would fall together with a hyphen's."""
    if b"_" in name:
        return ""
    key = name.decode("latin-1").upper().replace("-", "_")
    return key if key in {"CONTENT_LENGTH", "CONTENT_TYPE"} else f"HTTP_{key}"


def _is_last(connection: str | None, version: tuple[int, int]) -> bool:
    """Whether the connection ends with this request (RFC 9112 §9.3)."""
    if connection is None:
        return version == (1, 0)
    options = {option.strip(" \t").lower() for option in connection.split(",")}
    return "close" in options or (version == (1, 0) and "keep-alive" not in options)
