"""Logs for machines: one JSON object per line on stderr, with the request's id and without secrets.

Line breaks and control characters arrive escaped, because they are inside JSON strings.
"""

import json
import logging
import os
import re
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from math import isfinite
from types import TracebackType
from typing import Any

from shared.operations.request_id import current_request_id

_SECRETS = re.compile(r"\b(mat|mrt|mac|mdc|mia|mra|mol|whsec)_[\w+/=-]{8,}|\b((?i:bearer|basic|dpop)) [\w.~+/=-]{8,}")
_SHORTEST_SECRET = len("mat_") + 8
"""A secret has at least so many characters. Most texts of a request's line have fewer and needn't be searched."""
_OF_EVERY_RECORD = {*vars(logging.makeLogRecord({})), "message", "asctime"}
_OF_EVERY_LINE = {"time", "service", "request_id", "level", "logger"}
"""What else has such a name is told under another one, since a reader would believe the later of two."""
_STDERR = 2 if sys.__stderr__ else os.open(os.devnull, os.O_WRONLY)
"""None was open when Python started: then the number is that of a file or a connection that was opened since."""
_TRACEBACKS = logging.Formatter()
_log = logging.getLogger(__name__)
_more_of_all: list[Callable[[], Mapping[str, str]]] = []
_encode = json.JSONEncoder(allow_nan=False).encode


def configure_logging(service: str, level: str) -> None:
    """Send every log record of this process to stderr. Libraries say less than we do: some would print tokens."""
    _lines.service = _encode(service)
    root = logging.getLogger()
    root.handlers[:] = [_lines]
    root.setLevel(level)
    for library in ("authlib", "urllib3", "alembic", "sqlalchemy", "werkzeug"):
        logging.getLogger(library).setLevel(logging.WARNING)


def add_to_lines(more: Callable[[], Mapping[str, str]]) -> None:
    """Let each line have these members too, whose values are no secrets."""
    _more_of_all[:] = [more]


def log_what_nobody_catches() -> None:
    """Make lines of what Python would print with all secrets: warnings, what threads and finalizers raise, its end."""
    logging.captureWarnings(True)
    sys.excepthook = _ends_by_an_error
    threading.excepthook = _ended_by_an_error
    sys.unraisablehook = _raised_in_vain


def _ends_by_an_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _log.critical("the process is ended by an error", exc_info=(kind, error, trace))


def _ended_by_an_error(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None and not isinstance(ended.exc_value, SystemExit):
        name = ended.thread.name if ended.thread else "that has gone"
        _log.error("the thread %s was ended by an error", name, exc_info=ended.exc_value)


def _raised_in_vain(raised: "sys.UnraisableHookArgs") -> None:
    _log.error("%s", raised.err_msg or "an error that nobody could be told", exc_info=raised.exc_value)


def line_members(level: str, logger: str, message: str, more: Mapping[str, object]) -> str:
    """Return what a line says, as the members of a JSON object.

    As a last line of defence, whatever looks like a token or credentials is cut out of every text.
    """
    others = {f"{name}_" if name in _OF_EVERY_LINE else name: value for name, value in more.items()}
    return _encode(_sayable({"level": level, "logger": logger, "message": message, **others}))[1:-1]


def _sayable(value: object) -> object:
    """Return what JSON can say of a value, without secrets in whatever it consists of."""
    if value is None or isinstance(value, int) or (isinstance(value, float) and isfinite(value)):
        return value
    if isinstance(value, Mapping):
        return {without_secrets(str(name)): _sayable(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_sayable(each) for each in value]
    return without_secrets(str(value))


def write_line(members: str, at: float) -> None:
    """Write one line of these members about what happened at `at` (epoch seconds), in the request that is under way."""
    if _more_of_all and (more := _more_of_all[0]()):
        members += f", {_encode(more)[1:-1]}"
    if request_id := current_request_id():  # in which nothing has to be escaped
        members = f'"request_id": "{without_secrets(request_id)}", {members}'
    micros = int(at * 1_000_000)
    moment = f"{_second(micros // 1_000_000)}.{micros % 1_000_000:06d}+00:00"
    rest = f'{{"time": "{moment}", "service": {_lines.service}, {members}}}\n'.encode()
    try:
        while rest:  # with one system call, as a rule, which keeps the line whole without a lock that threads wait for
            rest = rest[os.write(_STDERR, rest) :]
    except OSError:  # not `suppress`, which is three calls on every request
        pass  # who reads the log may be gone; that is no reason to fail


@lru_cache(8)
def _second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class _Lines(logging.Handler):
    """`logging` hands its records over here."""

    service = '""'
    """It is in JSON, as lines name it."""

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
            write_line(line_members(record.levelname, record.name, record.getMessage(), more), record.created)
        except Exception as error:  # `handleError` would print many lines that are no JSON, and arguments as they came
            place = {"record": f"{record.pathname}:{record.lineno}", "why": type(error).__name__}
            with suppress(Exception):
                write_line(line_members("ERROR", record.name, "a record can't be told", place), record.created)


_lines = _Lines()


def without_secrets(value: Any) -> Any:
    """Return a text with whatever looks like a token or credentials cut out, and anything else as it is."""
    return _SECRETS.sub(_shortened, value) if isinstance(value, str) and len(value) >= _SHORTEST_SECRET else value


def _shortened(secret: re.Match[str]) -> str:
    return f"{secret[2]} …" if secret[2] else f"{secret[1]}_…"
