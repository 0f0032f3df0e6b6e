"""Logs for machines: one JSON object per line on stderr, with the request's id and without secrets.

Line breaks and control characters arrive escaped, because they are inside JSON strings.
"""

import json
import logging
import os
import re
from datetime import UTC, datetime
from typing import Any

from shared.request_id import current_request_id

_SECRETS = re.compile(r"\b(mat|mrt|mac|mdc|mia|mra|whsec)_[\w+/=-]{8,}|\b((?i:bearer|basic|dpop)) [\w.~+/=-]{8,}")
_OF_EVERY_RECORD = {*vars(logging.makeLogRecord({})), "message", "asctime"}
_STDERR = 2
_encode = json.JSONEncoder(default=str).encode


def configure_logging(service: str, level: str) -> None:
    """Send every log record of this process to stderr. Libraries say less than we do: some would print tokens."""
    handler = _Lines()
    handler.setFormatter(_Formatter(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for library in ("authlib", "urllib3", "alembic", "sqlalchemy", "werkzeug"):
        logging.getLogger(library).setLevel(logging.WARNING)


class _Lines(logging.Handler):
    """Writes each line with one system call, which keeps it whole: so no thread waits while another one writes."""

    def createLock(self) -> None:  # noqa: N802 - logging's name
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        try:
            os.write(_STDERR, (self.format(record) + "\n").encode())
        except Exception:
            self.handleError(record)


class _Formatter(logging.Formatter):
    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """As a last line of defence, cut whatever looks like a token or credentials out of every text."""
        line = {
            "level": record.levelname,
            "logger": record.name,
            "message": _cut(record.getMessage()),
            "service": self._service,
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }
        if request_id := current_request_id():
            line["request_id"] = _cut(request_id)
        for name, value in vars(record).items():
            if name not in _OF_EVERY_RECORD:
                line[name] = _cut(value)
        if record.exc_info:
            line["exc_info"] = _cut(self.formatException(record.exc_info))
        return _encode(line)


def _cut(value: Any) -> Any:
    return _SECRETS.sub(_shortened, value) if isinstance(value, str) else value


def _shortened(secret: re.Match[str]) -> str:
    return f"{secret[2]} …" if secret[2] else f"{secret[1]}_…"
