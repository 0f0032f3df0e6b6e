"""Each log record becomes one line of JSON on stderr."""

import gc
import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.operations import request_log
from shared.operations.log_config import configure_logging
from shared.operations.request_id import begin_request
from shared.operations.request_log import log_answer

pytestmark = pytest.mark.core

ROOT = Path(__file__).resolve().parents[2]

log = logging.getLogger("tests.of.lines")


@pytest.fixture(autouse=True)
def configured() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging("a service", "INFO")
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(captured: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in captured.readouterr().err.splitlines()]


def test_a_line_says_what_happened_where_when_and_in_which_request(capfd: pytest.CaptureFixture[str]) -> None:
    begin_request("the-id-of-a-request")
    log.debug("not at this level")
    log.info("%s of %s", 1, "two", extra={"count": 1, "at": object})
    (line,) = lines(capfd)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "tests.of.lines",
        "message": "1 of two",
        "service": "a service",
        "request_id": "the-id-of-a-request",
        "count": 1,
        "at": "<class 'object'>",
    }


def test_the_line_of_a_request_says_how_it_was_answered(capfd: pytest.CaptureFixture[str]) -> None:
    begin_request("the-id-of-a-request")
    for status, address in ((200, "192.0.2.1"), (401, "2001:db8::1")):
        log_answer("GET", '/a "path"', status, time.perf_counter(), address)
    log_answer("GET", "/mat_0123456789abcdef", 404, time.perf_counter(), None)
    first, second, third = lines(capfd)
    assert datetime.now(UTC) - datetime.fromisoformat(first.pop("time")) < timedelta(minutes=5)
    assert 0 <= first.pop("milliseconds") < 300_000
    assert first == {
        "level": "INFO",
        "logger": "request",
        "message": 'GET /a "path" 200',
        "service": "a service",
        "request_id": "the-id-of-a-request",
        "method": "GET",
        "path": '/a "path"',
        "status": 200,
        "network": "192.0.2.1",
    }
    assert (second["status"], second["network"]) == (401, "2001:db8::/64")
    assert (third["message"], third["path"]) == ("GET /mat_… 404", "/mat_…")
    remembered = str(gc.get_referents(request_log._members))
    assert "/mat_…" in remembered
    assert "0123456789abcdef" not in remembered


@pytest.mark.clause("ASVS 16.4.1")
def test_a_text_with_line_breaks_stays_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    log.warning("one\r\n{two}\u2028three", extra={"path": "/\n/"})
    (line,) = lines(capfd)
    assert (line["message"], line["path"]) == ("one\r\n{two}\u2028three", "/\n/")


def test_a_traceback_is_part_of_its_line_without_the_secrets_in_it(capfd: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError("of\nmat_0123456789abcdef and of Basic bW9nZ2xlOm1vZ2dsZQ==")
    except ValueError:
        log.exception("a mistake of mrt_0123456789abcdef", extra={"header": "Bearer mat_0123456789abcdef"})
    (line,) = lines(capfd)
    assert (line["message"], line["header"]) == ("a mistake of mrt_…", "Bearer …")
    assert line["exc_info"].startswith("Traceback")
    assert line["exc_info"].endswith("ValueError: of\nmat_… and of Basic …")


def test_a_record_waits_for_no_lock_of_logging(capfd: pytest.CaptureFixture[str]) -> None:
    handler = logging.getLogger().handlers[0]
    assert handler.lock is not None, "Python 3.13 and newer enter it"
    with ThreadPoolExecutor(1) as other, handler.lock:
        other.submit(log.info, "written all the same").result(30)
    (line,) = lines(capfd)
    assert line["message"] == "written all the same"


WITHOUT_STDERR = """
import logging, socket

here, there = socket.socketpair()
assert 2 in {here.fileno(), there.fileno()}
from shared.operations import request_log
from shared.operations.log_config import configure_logging

configure_logging("a service", "INFO")
logging.error("nobody reads this")
for end in (here, there):
    end.setblocking(False)
    try:
        raise SystemExit(end.recv(100))
    except BlockingIOError:
        pass
"""


def test_without_stderr_nothing_is_written_to_the_connection_that_got_its_number() -> None:
    command = ["/bin/sh", "-c", 'exec "$0" -c "$1" 2>&-', sys.executable, WITHOUT_STDERR]
    assert subprocess.run(command, cwd=ROOT, timeout=120, check=False).returncode == 0


def test_a_log_that_nobody_reads_any_more_stops_nothing() -> None:
    program = """
import sys
from shared.operations import request_log
from shared.operations.log_config import configure_logging
from shared.operations.request_log import log_answer

configure_logging("a service", "INFO")
sys.stdin.read()
log_answer("POST", "/token", 200, 0.0, "192.0.2.1")
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stderr.close()
        process.stdin.close()
        assert process.wait(30) == 0
