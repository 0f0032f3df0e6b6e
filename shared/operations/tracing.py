"""Whether traces are wanted. This module may be imported by all: OpenTelemetry is imported only if they are."""

import os
from collections.abc import Mapping
from importlib.util import find_spec

from shared.service.environment import SettingsError

ROUTE = "moogle.route"
"""In a WSGI environment: the address of the endpoint that answers, with variables in place of what differs."""


def wants_traces(environment: Mapping[str, str] = os.environ) -> bool:
    """Say whether OTEL_TRACES_EXPORTER is `otlp`; everything else about it, OpenTelemetry reads itself.

    Raises:
        SettingsError: it is something else, or what it needs is not installed.
    """
    exporter = environment.get("OTEL_TRACES_EXPORTER") or "none"
    if exporter == "none":
        return False
    if exporter != "otlp":
        raise SettingsError("OTEL_TRACES_EXPORTER: must be otlp, or none, the default")
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        raise SettingsError("OTEL_TRACES_EXPORTER is otlp, but the packages of requirements-telemetry.lock are missing")
    return True
