"""Traces by OpenTelemetry. Nobody imports this unless they are wanted (`shared.operations.tracing`)."""
