"""A document is read from its host, and the keys that it names: over https, from public addresses, without redirects,
within one deadline. What is believed of it is `description.py`'s.
"""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

from werkzeug.datastructures import ResponseCacheControl
from werkzeug.http import parse_cache_control_header

from auth_service.protocol.client_documents.auth_method import auth_method
from auth_service.protocol.registration.client_metadata import Metadata, parse_metadata
from auth_service.protocol.registration.rules import ClientRefusedError
from shared.outbound.addresses import may_connect, stays_here
from shared.outbound.connection import GuardedConnection
from shared.outbound.destination import needed_of
from shared.resource_server.process import seconds

DEADLINE = 5.0
"""All of it takes at most so many seconds: names, connections, the document and its keys."""
MAX_BODY = 5 * 1024
"""A document, and a set of keys, has at most so many bytes (§9.7)."""
USUALLY_FRESH = 3_600
"""So many seconds a document is not read again if its host says nothing about that."""
SHORTEST_FRESH, LONGEST_FRESH = 300, 86_400
"""Whatever a host says, it is for at least and at most so many seconds."""

_OTHER_JSON = re.compile(r"application/[^/]+\+json")


class UnreadableError(Exception):
    """What lies at an address is no document that we could use; the message says why."""


class UnreachableError(Exception):
    """Its host doesn't answer at the moment; the message says how."""


@dataclass(frozen=True, slots=True)
class Document:
    """It was read and is not yet believed."""

    metadata: Metadata
    jwks: object
    """What lies at its `jwks_uri`, if it proves itself with keys and names them so."""
    fresh_for: int
    """For so many seconds it need not be read again."""


class DocumentReader:
    """It reads documents. `tls` is for tests that bring a certificate of their own."""

    def __init__(self, *, on_loopback: bool, tls: ssl.SSLContext | None = None) -> None:
        self._on_loopback = on_loopback
        self._tls = tls or ssl.create_default_context()

    def read(self, address: str) -> Document:
        """Read the document at an address that was checked.

        Raises UnreadableError, UnreachableError, or ClientRefusedError if it names no method that is possible.
        """
        deadline = seconds() + DEADLINE
        metadata, fresh_for = self._get(address, deadline)
        jwks = None
        if auth_method(metadata) == "private_key_jwt" and "jwks_uri" in metadata and "jwks" not in metadata:
            jwks_uri = metadata["jwks_uri"]
            if not isinstance(jwks_uri, str) or not jwks_uri.startswith("https://"):
                raise UnreadableError("its jwks_uri must begin with https://")
            if needed := needed_of(jwks_uri, allow_private=self._on_loopback):
                raise UnreadableError(f"its jwks_uri must be {needed}")
            jwks, keys_fresh_for = self._get(jwks_uri, deadline)
            fresh_for = min(fresh_for, keys_fresh_for)
        return Document(metadata, jwks, fresh_for)

    def reach(self, host: str) -> None:
        """Connect to a host of documents, and no more. Raises UnreachableError."""
        with self._connection(f"https://{host}/", seconds() + DEADLINE) as connection:
            connection.connect()

    def _get(self, address: str, deadline: float) -> tuple[Metadata, int]:
        """Return the JSON object at an address, and for how many seconds it is fresh."""
        netloc = urlsplit(address).netloc
        target = address[len("https://") + len(netloc) :]  # byte for byte, also an empty query
        headers = {
            "Host": netloc,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "Moogle-Client-Documents",
            "Connection": "close",
        }
        with self._connection(address, deadline) as connection:
            connection.request("GET", target if target.startswith("/") else f"/{target}", headers=headers)
            response = connection.getresponse()
            return _object(response), _fresh_for(response.headers)

    @contextmanager
    def _connection(self, address: str, deadline: float) -> Iterator[GuardedConnection]:
        """Say alike what doesn't answer and what must not be reached: nobody finds out who lives inside."""
        parts = urlsplit(address)
        connection = GuardedConnection(parts, self._tls, self._may_connect)
        connection.deadline = deadline
        try:
            yield connection
        except TimeoutError:
            raise UnreachableError(f"{parts.hostname} didn't answer in time") from None
        except ssl.SSLError:
            raise UnreachableError(f"there is no TLS connection to {parts.hostname} that can be trusted") from None
        except (OSError, HTTPException):
            raise UnreachableError(f"{parts.hostname} doesn't answer at a public address") from None
        finally:
            connection.close()

    def _may_connect(self, address: str) -> bool:
        on_loopback = self._on_loopback and stays_here(address)
        return on_loopback or may_connect(address, allow_private=False)


def _object(response: HTTPResponse) -> Metadata:
    if response.status >= 500 or response.status == 429:
        raise UnreachableError(f"its host answered {response.status}")
    if response.status != 200:
        raise UnreadableError(f"its host answered {response.status}")
    media_type = response.headers.get_content_type()
    if media_type != "application/json" and _OTHER_JSON.fullmatch(media_type) is None:
        raise UnreadableError(f"it is {media_type[:50]}, not application/json")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnreadableError("it came compressed, which was not asked for")
    body = response.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise UnreadableError(f"it has more than {MAX_BODY} bytes")
    if response.length:
        raise UnreachableError("its host cut it short")
    try:
        return parse_metadata(body)
    except ClientRefusedError as refusal:
        raise UnreadableError(str(refusal)) from None


def _fresh_for(headers: HTTPMessage) -> int:
    """Return for how many seconds an answer is fresh by its headers (RFC 9111 §4.2), within our bounds."""
    control: Any = parse_cache_control_header(headers.get("Cache-Control"), cls=ResponseCacheControl)
    age = headers.get("Age", "")
    if control.no_store or control.no_cache:
        said = 0
    elif control.max_age is not None:
        said = control.max_age - (int(age[:9]) if age.isascii() and age.isdigit() else 0)
    elif "Expires" in headers:
        said = _seconds_between(headers.get("Date"), headers["Expires"])
    else:
        said = USUALLY_FRESH
    return min(max(said, SHORTEST_FRESH), LONGEST_FRESH)


def _seconds_between(date: str | None, expires: str) -> int:
    """Both by the host's clock. What is no date means that it has expired (RFC 9111 §5.3)."""
    try:
        return int((parsedate_to_datetime(expires) - parsedate_to_datetime(date or "")).total_seconds())
    except (ValueError, TypeError):
        return 0
