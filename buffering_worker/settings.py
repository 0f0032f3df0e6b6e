"""Settings of gunicorn: those that a worker goes by, and those that it can't heed and refuses."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from gunicorn.config import Config

from buffering_worker.head_checks import HeadLimits
from buffering_worker.request_head import LONGEST_HEAD

_UNLIMITED_FIELDS, _UNLIMITED_FIELD_SIZE = 32_768, 8_190
"""What gunicorn takes a limit of 0 to mean."""
_UNHEEDED = (
    "casefold_http_method",
    "forwarded_allow_ips",
    "forwarder_headers",
    "header_map",
    "permit_obsolete_folding",
    "permit_unconventional_http_method",
    "permit_unconventional_http_version",
    "secure_scheme_headers",
    "strip_header_spaces",
)
"""Settings that make gunicorn's own parser lenient or let it believe proxies, which is the application's business."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How long connections may take, and how much memory. Times are in seconds, sizes in bytes."""

    request_timeout: float
    send_timeout: float
    keepalive: float
    max_body_size: int
    max_buffered: int
    max_connections: int
    longest_wait: float
    refusal_headers: Mapping[str, str]


def head_limits(config: Config) -> HeadLimits:
    """The limits of a request's head."""
    return HeadLimits(
        line=min(config.limit_request_line or LONGEST_HEAD, LONGEST_HEAD),
        field=config.limit_request_field_size or _UNLIMITED_FIELD_SIZE,
        fields=config.limit_request_fields or _UNLIMITED_FIELDS,
    )


def refuse_unheeded(config: Config) -> None:
    """Raise RuntimeError about what the worker can't do."""
    if config.is_ssl or config.proxy_protocol != "off" or config.http2_cleartext != "off":
        raise RuntimeError("This worker speaks plain HTTP/1.1, behind a proxy for the rest; -k gthread speaks more.")
    usual = Config()
    for name in _UNHEEDED:
        if getattr(config, name) and getattr(config, name) != getattr(usual, name):
            raise RuntimeError(f"This worker doesn't heed {name}: leave it out, or use -k gthread.")
    if "SCRIPT_NAME" in os.environ:
        raise RuntimeError("This worker doesn't heed SCRIPT_NAME; -k gthread does.")
