"""How the authorization server is asked: with this resource server's credentials, within a deadline, over kept
connections. It delivers what came back and believes none of it; what an answer means is said elsewhere.
"""

import base64
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse
from urllib.parse import quote, urlencode, urlsplit

from ..errors import CannotValidateError, OutageError, UnusableAnswerError
from ..process.clock import seconds
from ..process.fork import reset_after_fork
from .deadline_connection import DeadlineConnection, SocketAddress
from .forward_proxy import ForwardProxy, authority
from .refusals import refusal
from .tracing import traced

MAX_BODY = 64 * 1024
"""An answer with more bytes isn't one."""
_KEPT_CONNECTIONS = 32
_LONGEST_LIFE = 30.0
"""A connection is used for so many seconds: what lies between may drop an idle one, and a name may lead elsewhere."""


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """It holds the body of a 200, and when the authorization server says that it wrote that (epoch seconds)."""

    body: bytes
    written_at: float


class BackChannel:
    """It holds one resource server's credentials. Threads may share it, and it may be created before a fork."""

    def __init__(
        self,
        url: str,
        client_id: str | None,
        client_secret: str | None,
        *,
        tls: ssl.SSLContext | None = None,
        proxy: str | None = None,
        request_id: Callable[[], str | None] = lambda: None,
    ) -> None:
        """Without a `client_id` nothing says who asks. Raises ValueError for an address that can't be used whole."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{url} is not an http or https address")
        if parts.username is not None or parts.query or parts.fragment or url.endswith(("?", "#")):
            raise ValueError(
                f"the address of the authorization server at {parts.hostname} has a user, a query or a fragment, which "
                "would not be sent: leave them out (`client_id` and `client_secret` have their own places)"
            )
        self._host, self._path = parts.hostname, parts.path.rstrip("/")
        self._tls = (tls or ssl.create_default_context()) if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._tls else 80)
        self._credentials = {} if client_id is None else {"Authorization": _basic(client_id, client_secret or "")}
        self._proxy = None if proxy is None else ForwardProxy.at(proxy)
        if self._proxy is not None and self._tls is None:  # it reads the requests (RFC 9112 §3.2.2)
            self._path = f"http://{authority(self._host, self._port).removesuffix(':80')}{self._path}"
            self._credentials |= self._proxy.headers
        self._request_id = request_id
        self._pool = _Pool()
        self._answered_at: SocketAddress | None = None
        """Of the host's (or the proxy's) addresses this one answered last."""

    def post(self, path: str, form: Mapping[str, str], *, within: float) -> RawAnswer:
        """Send a form and return the answer, which takes at most `within` seconds. Raises CannotValidateError."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, urlencode(form), headers, within)

    def get(self, path: str, parameters: Mapping[str, str], *, within: float) -> RawAnswer:
        """Send a query and return the answer, which takes at most `within` seconds. Raises CannotValidateError."""
        return self._ask("GET", f"{path}?{urlencode(parameters)}" if parameters else path, None, {}, within)

    def close(self) -> None:
        """Close the connections that are not in use, and from now on each one after its answer."""
        self._pool.end()

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str], within: float) -> RawAnswer:
        deadline = seconds() + within
        try:
            with traced(method, path.partition("?")[0], self._host) as trace_headers:
                return self._exchange(method, path, body, headers | trace_headers, deadline)
        except (OSError, HTTPException, ValueError) as error:
            raise OutageError(f"{path.partition('?')[0]}: {type(error).__name__}: {error}") from error

    def _exchange(
        self, method: str, path: str, body: str | None, headers: dict[str, str], deadline: float
    ) -> RawAnswer:
        headers |= self._common_headers()
        if kept := self._pool.take():
            try:
                return self._exchange_on(kept, method, path, body, headers, deadline)
            except (OSError, HTTPException) as error:
                if kept.answered:
                    raise
                self._pool.close()  # the others are as old: a restart or a firewall ended them too
                if isinstance(error, TimeoutError):  # nobody knows whether the server or the connection is dead
                    raise CannotValidateError(f"{path.partition('?')[0]}: no answer on a kept connection") from error
        connection = DeadlineConnection(self._host, self._port, self._tls, self._proxy)
        connection.address = self._answered_at
        return self._exchange_on(connection, method, path, body, headers, deadline)

    def _exchange_on(
        self,
        connection: DeadlineConnection,
        method: str,
        path: str,
        body: str | None,
        headers: dict[str, str],
        deadline: float,
    ) -> RawAnswer:
        connection.deadline, connection.answered = deadline, False
        try:
            connection.request(method, self._path + path, body, headers)
            response = connection.getresponse()
            answer = _read(response, self._host)
            connection.seconds_left()  # a process may have been stopped while the last bytes waited in the socket
        except BaseException:
            connection.close()  # what was not fully read would be taken for the next answer
            raise
        self._answered_at = connection.address
        self._pool.give_back(connection, reusable=not response.will_close)
        return answer

    def _common_headers(self) -> dict[str, str]:
        headers = {**self._credentials, "Accept": "application/json", "Accept-Encoding": "identity"}
        if request_id := self._request_id():
            headers["X-Request-Id"] = request_id
        return headers


def _basic(client_id: str, client_secret: str) -> str:
    """Return the header, for which both are form-encoded first (RFC 6749 §2.3.1)."""
    return "Basic " + base64.b64encode(f"{quote(client_id, safe='')}:{quote(client_secret, safe='')}".encode()).decode()


def _read(response: HTTPResponse, host: str) -> RawAnswer:
    body = response.read(MAX_BODY + 1)
    if response.status != 200:
        raise refusal(response.status, body, _retry_after(response), host=host)
    if not response.headers.get("Content-Length", "0").isdecimal():  # http.client would read on as if there were none
        raise UnusableAnswerError("it answered with an unusable length")
    if len(body) > MAX_BODY or response.read(1):
        raise UnusableAnswerError("it answered more than it may")
    if response.length:
        raise UnusableAnswerError("its answer was cut short")
    if response.headers.get_content_type() != "application/json":
        raise UnusableAnswerError(f"it answered {response.headers.get_content_type()}")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise UnusableAnswerError("it answered compressed, which was not asked for")
    return RawAnswer(body, _written_at(response))


def _retry_after(response: HTTPResponse) -> int:
    after = response.headers.get("Retry-After", "")
    return min(int(after), 60) if after.isascii() and after.isdigit() else 1


def _written_at(response: HTTPResponse) -> float:
    """Return when it was written by the server's clock, so that ours may be wrong."""
    date = response.headers.get("Date")
    return parsedate_to_datetime(date).timestamp() if date else time.time()


class _Pool:
    """It holds idle connections of this process; a forked child begins with none."""

    def __init__(self) -> None:
        self.reset()
        reset_after_fork(self)

    def reset(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[DeadlineConnection] = []
        self._has_ended = False

    def close(self) -> None:
        with self._lock:
            closed, self._idle = self._idle, []
        for connection in closed:
            connection.close()

    def end(self) -> None:
        with self._lock:
            self._has_ended = True
        self.close()

    def take(self) -> DeadlineConnection | None:
        """Return one that may still be good, or None."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if seconds() - connection.opened_at < _LONGEST_LIFE and connection.is_quiet():
                return connection
            connection.close()

    def give_back(self, connection: DeadlineConnection, *, reusable: bool) -> None:
        with self._lock:
            if reusable and not self._has_ended and len(self._idle) < _KEPT_CONNECTIONS:
                self._idle.append(connection)
                return
        connection.close()
