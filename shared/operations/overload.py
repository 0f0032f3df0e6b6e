"""What a service says while more is asked than it can answer: the worker has this answer requests that waited too long.

None of them was begun, so whoever gets such an answer may repeat the request, whatever it was.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter

from shared.service.outages import OutageLog

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

URGENT_PATHS = frozenset({"/health/live", "/health/ready", "/metrics"})
"""Who watches the service asks these. An answer of overload would have a process ended that only has much to do."""


class OverloadError(Exception):
    """More is asked than can be answered in time."""


class CountedOverload:
    """A WSGI application that counts what it has another one answer, and leaves a line in the log a minute."""

    def __init__(self, answer: "WSGIApplication", registry: CollectorRegistry) -> None:
        """`answer` is the service's way to say 503."""
        self._answer = answer
        self._shed = Counter(
            "http_requests_shed",
            "Requests answered 503 before they were begun: they waited too long",
            registry=registry,
        )
        self._log = OutageLog("overload")

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """See PEP 3333."""
        self._shed.inc()
        self._log.add(OverloadError("requests that wait too long for a thread are answered 503"))
        return self._answer(environ, start_response)
