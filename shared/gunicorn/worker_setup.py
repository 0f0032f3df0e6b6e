"""What a service tells the gunicorn worker that serves it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # gunicorn's master reads this and is to have no modules that workers would inherit
    from _typeshed.wsgi import WSGIApplication
    from flask import Flask

_EXTENSION = "worker_setup"


@dataclass(frozen=True)
class WorkerSetup:
    """A service's wishes, by which a worker goes before it takes its first request."""

    max_body_size: int
    """Bytes of the largest request body that the service reads."""
    refusal_headers: Mapping[str, str]
    """Headers of what the worker answers without asking the service."""
    unavailable: "WSGIApplication"
    """It answers requests that waited too long, in place of the service: 503, without asking anything."""
    urgent_paths: Collection[str]
    """The service itself answers these, however long they waited."""
    drain_time: float
    """Seconds for which the service goes on after it was told to stop."""
    start: Callable[[], object]
    """Starts what runs beside requests in each worker."""
    start_once: Callable[[], object]
    """Starts what the first worker does for all."""


def offer(app: "Flask", setup: WorkerSetup) -> None:
    """Have an application say what it wants of its worker."""
    app.extensions[_EXTENSION] = setup


def setup_of(application: Any) -> WorkerSetup | None:
    """What a WSGI application wants of its worker, if it says so."""
    setup: WorkerSetup | None = getattr(application, "extensions", {}).get(_EXTENSION)
    return setup
