"""Logs for machines: one JSON object per line on stderr, with the request's id and without secrets.

Line breaks and control characters arrive escaped, because they are inside JSON strings.
"""

import json
import logging
import os
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from shared.operations.request_id import current_request_id

_SECRETS = re.compile(r"\b(mat|mrt|mac|mdc|mia|mra|mol|whsec)_[\w+/=-]{8,}|\b((?i:bearer|basic|dpop)) [\w.~+/=-]{8,}")
_SHORTEST_SECRET = len("mat_") + 8
"""A secret has at least so many characters. Most texts of a request's line have fewer and needn't be searched."""
_OF_EVERY_RECORD = {*vars(logging.makeLogRecord({})), "message", "asctime"}
_STDERR = 2 if sys.__stderr__ else os.open(os.devnull, os.O_WRONLY)
"""None was open when Python started: then the number is that of a file or a connection that was opened since."""
_TRACEBACKS = logging.Formatter()
_more_of_all: list[Callable[[], Mapping[str, str]]] = []
_encode = json.JSONEncoder(default=str).encode


def configure_logging(service: str, level: str) -> None:
    """Send every log record of this process to stderr. Libraries say less than we do: some would print tokens."""
    _lines.service = service
    root = logging.getLogger()
    root.handlers[:] = [_lines]
    root.setLevel(level)
    for library in ("authlib", "urllib3", "alembic", "sqlalchemy", "werkzeug"):
        logging.getLogger(library).setLevel(logging.WARNING)


def add_to_lines(more: Callable[[], Mapping[str, str]]) -> None:
    """Let each line have these members too, whose values are no secrets."""
    _more_of_all[:] = [more]


def write_line(level: str, logger: str, message: str, at: float, more: Mapping[str, object]) -> None:
    """Write one line about what happened at `at` (epoch seconds).

    As a last line of defence, whatever looks like a token or credentials is cut out of every text.
    """
    line = {
        "level": level,
        "logger": logger,
        "message": without_secrets(message),
        "service": _lines.service,
        "time": datetime.fromtimestamp(at, UTC).isoformat(),
    }
    if request_id := current_request_id():
        line["request_id"] = without_secrets(request_id)
    if _more_of_all:
        line |= _more_of_all[0]()
    for name, value in more.items():
        line[name] = without_secrets(value)
    rest = (_encode(line) + "\n").encode()
    try:
        while rest:  # with one system call, as a rule, which keeps the line whole without a lock that threads wait for
            rest = rest[os.write(_STDERR, rest) :]
    except OSError:  # not `suppress`, which is three calls on every request
        pass  # who reads the log may be gone; that is no reason to fail


class _Lines(logging.Handler):
    """`logging` hands its records over here."""

    service = ""

    def handle(self, record: logging.LogRecord) -> bool:
        """Write it without the lock of `logging`: a line is one system call, and no thread has to wait for it."""
        if not self.filter(record):
            return False
        self.emit(record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        try:
            more = {name: value for name, value in vars(record).items() if name not in _OF_EVERY_RECORD}
            if record.exc_info:
                more["exc_info"] = _TRACEBACKS.formatException(record.exc_info)
            write_line(record.levelname, record.name, record.getMessage(), record.created, more)
        except Exception:
            self.handleError(record)


_lines = _Lines()


def without_secrets(value: Any) -> Any:
    """Return a text with whatever looks like a token or credentials cut out, and anything else as it is."""
    return _SECRETS.sub(_shortened, value) if isinstance(value, str) and len(value) >= _SHORTEST_SECRET else value


def _shortened(secret: re.Match[str]) -> str:
    return f"{secret[2]} …" if secret[2] else f"{secret[1]}_…"
