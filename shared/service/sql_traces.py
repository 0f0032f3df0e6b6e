"""Spans of SQL statements. Nobody imports this unless traces are wanted (`shared.operations.tracing`)."""

from opentelemetry.instrumentation.sqlalchemy.engine import EngineTracer
from opentelemetry.metrics import NoOpUpDownCounter
from opentelemetry.trace import get_tracer
from sqlalchemy import Engine


def trace_statements(engine: Engine) -> None:
    """Make a span of each statement that goes through an engine, or through one that was made of it.

    SQLAlchemyInstrumentor would also look for kinds of engines that we don't have, which needs greenlet.
    """
    EngineTracer(get_tracer(__name__), engine, NoOpUpDownCounter("connections"))  # type: ignore[no-untyped-call]
