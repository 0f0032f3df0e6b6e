"""A span for each round trip to Redis that passes redis-py's client by, for who wants traces."""

from dataclasses import replace
from typing import Any

from opentelemetry import trace

from auth_service.storage.redis_connection import RedisClients
from auth_service.storage.redis_exchange import Command, Exchange


def traced(clients: RedisClients) -> RedisClients:
    """The same clients, whose exchanges are spans. OpenTelemetry's own instrumentation sees the others."""
    return replace(clients, exchange=_TracedExchange(clients.exchange), ending=_TracedExchange(clients.ending))


class _TracedExchange(Exchange):
    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._tracer = trace.get_tracer(__name__)

    def answers(self, *commands: Command, since: float | None = None) -> list[Any]:
        names = " ".join(dict.fromkeys(str(command[0]) for command in commands))
        attributes = {"db.system.name": "redis", "db.operation.name": names}
        with self._tracer.start_as_current_span(names, kind=trace.SpanKind.CLIENT, attributes=attributes):
            return self._exchange.answers(*commands, since=since)
