"""Asks the authorization server about a token (RFC 7662 §2.1) within a deadline, over kept connections.

It delivers what came back. What an answer means is `introspection_response.py`.
"""

import base64
import logging
import os
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse
from urllib.parse import quote, urlencode, urlsplit

from .deadline_connection import DeadlineConnection
from .errors import CannotValidateError

DEADLINE = 1.0
"""Seconds for a whole exchange."""
MAX_BODY = 64 * 1024
"""Bytes; a longer answer isn't one."""
_KEPT_CONNECTIONS = 32

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """The body of a 200, and when the authorization server says it wrote it (epoch seconds)."""

    body: bytes
    written_at: float


class IntrospectionClient:
    """Holds one resource server's credentials. Safe to share among threads and to create before a fork."""

    def __init__(
        self,
        url: str,
        client_id: str,
        client_secret: str,
        *,
        deadline: float = DEADLINE,
        request_id: Callable[[], str | None] = lambda: None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{url} is not an http or https address")
        self._host, self._path = parts.hostname, parts.path or "/"
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._tls else 80)
        credentials = f"{quote(client_id, safe='')}:{quote(client_secret, safe='')}"
        self._authorization = "Basic " + base64.b64encode(credentials.encode()).decode()
        self._deadline = deadline
        self._request_id = request_id
        self._pool = _Pool()

    def introspect(self, token: str) -> RawAnswer:
        """The answer about one token. Raises CannotValidateError."""
        deadline = time.monotonic() + self._deadline
        try:
            return self._exchange(token, deadline)
        except (OSError, HTTPException, ValueError) as error:
            raise CannotValidateError(f"introspection failed: {type(error).__name__}: {error}") from error

    def _exchange(self, token: str, deadline: float) -> RawAnswer:
        connection, kept = self._pool.take(), True
        while True:
            if connection is None:
                connection, kept = DeadlineConnection(self._host, self._port, self._tls), False
            connection.deadline = deadline
            try:
                response = self._send(connection, token)
                answer = _read(response)
            except ConnectionError:  # a kept connection may have been closed meanwhile: once more on a new one
                connection.close()
                if not kept:
                    raise
                connection = None
            except BaseException:
                connection.close()  # what was not fully read would be taken for the next answer
                raise
            else:
                self._pool.give_back(connection, reusable=not response.will_close)
                return answer

    def _send(self, connection: DeadlineConnection, token: str) -> HTTPResponse:
        headers = {
            "Authorization": self._authorization,
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        if request_id := self._request_id():
            headers["X-Request-Id"] = request_id
        connection.request("POST", self._path, urlencode({"token": token, "token_type_hint": "access_token"}), headers)
        return connection.getresponse()


def _read(response: HTTPResponse) -> RawAnswer:
    body = response.read(MAX_BODY + 1)
    if response.status != 200:
        if response.status in {401, 403}:
            _log.error("the authorization server refuses our credentials: check client id and secret")
        raise CannotValidateError(f"introspection answered {response.status}", _retry_after(response))
    if not response.headers.get("Content-Length", "0").isdecimal():  # http.client would read on as if there were none
        raise CannotValidateError("introspection answered with an unusable length")
    if len(body) > MAX_BODY or response.read(1):
        raise CannotValidateError("introspection answered more than it may")
    if response.length:
        raise CannotValidateError("introspection's answer was cut short")
    if response.headers.get_content_type() != "application/json":
        raise CannotValidateError(f"introspection answered {response.headers.get_content_type()}")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise CannotValidateError("introspection answered compressed, which was not asked for")
    return RawAnswer(body, _written_at(response))


def _retry_after(response: HTTPResponse) -> int:
    seconds = response.headers.get("Retry-After", "")
    return min(int(seconds), 60) if seconds.isascii() and seconds.isdigit() else 1


def _written_at(response: HTTPResponse) -> float:
    """By the server's clock, so that ours may be wrong."""
    date = response.headers.get("Date")
    return parsedate_to_datetime(date).timestamp() if date else time.time()


class _Pool:
    """Idle connections of this process; a forked child begins with none."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._idle: list[DeadlineConnection] = []

    def __del__(self) -> None:
        for connection in self._idle:
            connection.close()

    def take(self) -> DeadlineConnection | None:
        if self._process != os.getpid():
            self._begin()
        with self._lock:
            return self._idle.pop() if self._idle else None

    def give_back(self, connection: DeadlineConnection, *, reusable: bool) -> None:
        with self._lock:
            if reusable and len(self._idle) < _KEPT_CONNECTIONS:
                self._idle.append(connection)
                return
        connection.close()
