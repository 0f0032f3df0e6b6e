"""Sends one signed message and says what became of it. It believes nothing of the receiver: not its address, not its
pace, not its answer, of which only the status counts.
"""

import logging
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.client import HTTPException, HTTPResponse
from urllib.parse import SplitResult, urlsplit

from fit_service.rules.webhooks.outcome import Outcome
from fit_service.rules.webhooks.signature import signature_headers
from shared.outbound.addresses import may_connect
from shared.outbound.connection import ForbiddenAddressError, GuardedConnection
from shared.resource_server.process import seconds

DEADLINE = 15.0
"""A whole attempt takes so many seconds."""
_MAX_BODY = 4 * 1024
"""So many bytes of an answer are read, only to use the connection again."""

_log = logging.getLogger(__name__)


class Sender:
    """It connects to receivers. `deadline` is in seconds; `tls` is for tests that bring a certificate of their own."""

    def __init__(self, *, allow_private: bool, deadline: float = DEADLINE, tls: ssl.SSLContext | None = None) -> None:
        self._may_connect = partial(may_connect, allow_private=allow_private)
        self._deadline = deadline
        self._tls = tls or ssl.create_default_context()

    @contextmanager
    def connection_to(self, url: str) -> Iterator["ReceiverConnection"]:
        """Open a connection for several messages, one after the other."""
        parts = urlsplit(url)
        connection = GuardedConnection(parts, self._tls, self._may_connect)
        try:
            yield ReceiverConnection(connection, parts, self._deadline)
        finally:
            connection.close()


class ReceiverConnection:
    """It is a connection to one receiver, opened when it is needed."""

    def __init__(self, connection: GuardedConnection, parts: SplitResult, deadline: float) -> None:
        self._connection = connection
        self._parts = parts
        self._deadline = deadline

    def send(self, secret: str, message_id: str, body: str) -> Outcome:
        """Send a message. It never raises because of the receiver."""
        headers = {
            "Host": self._parts.netloc,
            "Content-Type": "application/json",
            "User-Agent": "Moogle-Fit-Webhooks",
            **signature_headers(secret, message_id, int(time.time()), body.encode()),
        }
        try:
            return self._exchange(body.encode(), headers)
        except ForbiddenAddressError as forbidden:  # which the app isn't told: it could find out who lives inside
            _log.warning("a webhook leads to where it must not: %s", forbidden)
            return Outcome("no answer")
        except TimeoutError:
            return Outcome("no answer in time")
        except ssl.SSLError:
            return Outcome("no TLS connection that can be trusted")
        except (OSError, HTTPException, ValueError):
            return Outcome("no answer")

    def _exchange(self, body: bytes, headers: dict[str, str]) -> Outcome:
        kept = self._connection.is_open
        self._connection.deadline = seconds() + self._deadline
        try:
            return self._post(body, headers)
        except ConnectionError:  # a kept connection may have been closed meanwhile: once more on a new one
            if not kept:
                raise
            return self._post(body, headers)

    def _post(self, body: bytes, headers: dict[str, str]) -> Outcome:
        path, query = self._parts.path or "/", self._parts.query
        try:
            self._connection.request("POST", f"{path}?{query}" if query else path, body, headers)
            response = self._connection.getresponse()
        except BaseException:
            self._connection.close()
            raise
        if not _read_to_its_end(response):
            self._connection.close()
        return _outcome(response)


def _read_to_its_end(response: HTTPResponse) -> bool:
    """Say whether the connection can be used again. The status is known: how the body arrives changes nothing."""
    if response.length is None or response.length > _MAX_BODY:
        return False
    with suppress(OSError, HTTPException):
        response.read()
        return not response.will_close
    return False


def _outcome(response: HTTPResponse) -> Outcome:
    if 200 <= response.status < 300:
        return Outcome()
    after = response.headers.get("Retry-After", "")
    return Outcome(
        failure=f"it answered {response.status}",
        gone=response.status == 410,
        retry_after=int(after) if after.isascii() and after.isdigit() and len(after) < 10 else 0,
    )
