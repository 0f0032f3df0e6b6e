"""What clients see of a service: the document at a public address, and the certificate of its host."""

import json
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from shared.operations.doctor import Finding

_WITHIN = 3.0
"""Seconds."""
_RENEW_BEFORE = 14 * 86_400
"""Seconds that a certificate has left at least."""
_LARGEST = 1_000_000
"""Bytes."""


def document_findings(address: str, expected: Callable[[], Mapping[str, object]], setting: str) -> Iterator[Finding]:
    """Whether an address, fetched as clients do, says what this process would say."""
    try:
        with urllib.request.urlopen(address, timeout=_WITHIN) as answer:  # noqa: S310 - an http address of the settings
            said = json.loads(answer.read(_LARGEST))
    except (OSError, ValueError) as error:
        yield Finding(
            f"{address} does not answer with JSON ({_reason(error)})",
            f"Start the service, and look whether name and proxy lead to it as {setting} says",
        )
        return
    wanted = json.loads(json.dumps(expected()))
    names = sorted(name for name in wanted.keys() | said.keys() if said.get(name) != wanted.get(name))
    if names:
        yield Finding(
            f"{address} says something else than this process would: {', '.join(names)}",
            f"Give all processes the same settings and release, and look whether {setting} leads to them",
        )


def certificate_findings(address: str) -> Iterator[Finding]:
    """Whether the certificate of an https address is believed here, and for how long."""
    parts = urlsplit(address)
    if parts.scheme != "https":
        return
    host, port = str(parts.hostname), parts.port or 443
    try:
        with (
            socket.create_connection((host, port), timeout=_WITHIN) as connection,
            ssl.create_default_context().wrap_socket(connection, server_hostname=host) as secured,
        ):
            certificate = secured.getpeercert() or {}
    except ssl.SSLError as error:
        yield Finding(
            f"the certificate of {host}:{port} is not believed here ({_reason(error)})",
            "Renew it, or name its CA in SSL_CERT_FILE (docs/operations.md)",
        )
        return
    except OSError:
        return  # that nobody answers there is said of the document
    left = ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time.time()
    if left < _RENEW_BEFORE:
        yield Finding(f"the certificate of {host}:{port} ends in {left / 86_400:.0f} days", "Renew it")


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
    return str(reason) or type(error).__name__
