"""Logs for machines: one JSON object per line on stderr, with the request's id and without secrets.

Line breaks and control characters arrive escaped, because they are inside JSON strings.
"""

import logging
import re
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from shared.request_id import current_request_id

_SECRETS = re.compile(r"\b(mat|mrt|mac|mia|mra|whsec)_[\w+/=-]{8,}|\b((?i:bearer|basic|dpop)) [\w.~+/=-]{8,}")


def configure_logging(service: str, level: str) -> None:
    """Send every log record of this process to stderr. Libraries say less than we do: some would print tokens."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for library in ("authlib", "urllib3", "alembic", "sqlalchemy", "werkzeug"):
        logging.getLogger(library).setLevel(logging.WARNING)


class _Formatter(JsonFormatter):
    def __init__(self, service: str) -> None:
        super().__init__(
            "%(levelname)s %(name)s %(message)s",
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp="time",
            static_fields={"service": service},
        )

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """As a last line of defence, cut whatever looks like a token or credentials out of every text."""
        super().add_fields(log_data, record, message_dict)
        if request_id := current_request_id():
            log_data["request_id"] = request_id
        for name, value in log_data.items():
            if isinstance(value, str):
                log_data[name] = _SECRETS.sub(_shortened, value)


def _shortened(secret: re.Match[str]) -> str:
    return f"{secret[2]} …" if secret[2] else f"{secret[1]}_…"
