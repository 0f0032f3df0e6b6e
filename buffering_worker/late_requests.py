"""Answers requests that waited too long with 503, before the application has begun with them.

Under overload the application would go on to answer callers who have given up meanwhile, and nobody in time.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from buffering_worker.queue_probe import QueueProbe

Application = Callable[..., Iterable[bytes]]
"""See PEP 3333."""


class LateRequests:
    """A WSGI application in front of the served one: has another one answer what comes too late."""

    def __init__(
        self, application: Application, unavailable: Application, probe: QueueProbe, urgent_paths: Collection[str]
    ) -> None:
        """Requests of `urgent_paths` are never too late."""
        self._application = application
        self._unavailable = unavailable
        self._probe = probe
        self._urgent_paths = urgent_paths

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """See PEP 3333."""
        if self._probe.is_overdue() and environ["PATH_INFO"] not in self._urgent_paths:
            return self._unavailable(environ, start_response)
        return self._application(environ, start_response)


def plain_unavailable(headers: Mapping[str, str]) -> Application:
    """An application that answers everything with 503, a line of text and these headers."""
    body = b"Too many requests came at once.\n"
    fields = [
        ("Content-Type", "text/plain"),
        ("Content-Length", str(len(body))),
        ("Retry-After", "1"),
        *headers.items(),
    ]

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response(f"503 {HTTPStatus.SERVICE_UNAVAILABLE.phrase}", fields)
        return [body]

    return answer
