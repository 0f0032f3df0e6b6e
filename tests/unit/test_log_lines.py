"""Each log record becomes one line of JSON on stderr."""

import gc
import json
import logging
import select
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
@pytest.mark.parametrize("character", ["x", "\x80", "\ud800", "\U0001f600"], ids=ascii)
def test_a_pipe_takes_the_line_of_any_request_in_one_piece(capfd: pytest.CaptureFixture[str], character: str) -> None:
    """What is longer, a reader who is slow finds with lines of other processes in it."""
    begin_request("i" * 64)
    log_answer("OPTIONS", "/" + character * 4_000, 404, 0.0, character * 4_000)
    text = capfd.readouterr().err
    assert len(text.encode()) <= select.PIPE_BUF
    assert json.loads(text)["path"].startswith("/" + character * 100)


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


SECRET = "mat_0123456789abcdef"


class _Told:
    def __str__(self) -> str:
        return f"of {SECRET}"


class _Untold:
    def __str__(self) -> str:
        raise LookupError(SECRET)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (_Told(), "of mat_…"),
        (ValueError(SECRET), "mat_…"),
        (SECRET.encode(), "b'mat_…'"),
        ({"all": [{SECRET: (SECRET,)}]}, {"all": [{"mat_…": ["mat_…"]}]}),
        ({b"a name": {SECRET}}, {"b'a name'": ["mat_…"]}),
        (float("nan"), "nan"),
        ([float("-inf"), 0.5, True, None], ["-inf", 0.5, True, None]),
        ("\ud800\0\x7f", "\ud800\0\x7f"),
    ],
)
def test_whatever_a_record_brings_is_told_in_json_without_secrets(
    capfd: pytest.CaptureFixture[str], value: object, told: object
) -> None:
    log.info("%s", "more", extra={"value": value})
    text = capfd.readouterr().err
    (line,) = [json.loads(each, parse_constant=pytest.fail) for each in text.splitlines()]
    assert (line["message"], line["value"]) == ("more", told)
    assert SECRET not in text


def _within_itself() -> list[object]:
    around: list[object] = []
    around.append(around)
    return around


@pytest.mark.parametrize("value", [_Untold(), _within_itself(), 10**5_000], ids=["no text", "in itself", "too long"])
def test_a_record_that_cant_be_told_leaves_one_line_without_its_arguments(
    capfd: pytest.CaptureFixture[str], value: object
) -> None:
    configure_logging("a service", "INFO")  # without the handlers of pytest, which would raise
    log.info("one", extra={"value": value})
    log.info("%d of two", SECRET)
    text = capfd.readouterr().err
    first, second = [json.loads(line) for line in text.splitlines()]
    for line in (first, second):
        assert (line["level"], line["message"]) == ("ERROR", "a record can't be told")
        assert line["record"].startswith(__file__)
    assert second["why"] == "TypeError"
    assert SECRET not in text


def test_what_a_record_brings_takes_no_name_that_every_line_has(
    capfd: pytest.CaptureFixture[str],
) -> None:
    begin_request("the-id-of-a-request")
    log.info("x", extra=dict.fromkeys(("time", "service", "request_id", "level", "logger"), "another"))
    names = [name for name, _ in json.loads(capfd.readouterr().err, object_pairs_hook=list)]
    assert sorted(names) == sorted({*names})
    assert {"time", "time_", "request_id_", "level_"} < {*names}


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
        assert process.wait(60) == 0


@pytest.mark.clause("ASVS 16.5.1")
def test_what_nobody_catches_is_told_in_lines_too_without_secrets() -> None:
    program = """
import threading, warnings
from shared.operations.log_config import configure_logging, log_what_nobody_catches

class Unfinished:
    def __del__(self):
        raise ValueError("at mat_0123456789abcdef")

def end():
    raise OSError("at mat_0123456789abcdef")

configure_logging("a service", "INFO")
log_what_nobody_catches()
warnings.warn("of mat_0123456789abcdef")
for target in (end, exit):
    thread = threading.Thread(target=target, name="worker")
    thread.start()
    thread.join()
Unfinished()
end()
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "0123456789abcdef" not in done.stderr
    warned, *raised = [json.loads(line) for line in done.stderr.splitlines()]
    assert (warned["level"], warned["logger"], "of mat_…" in warned["message"]) == ("WARNING", "py.warnings", True)
    assert [(line["level"], line["message"], line["exc_info"].split("\n")[-1]) for line in raised] == [
        ("ERROR", "the thread worker was ended by an error", "OSError: at mat_…"),
        ("ERROR", "an error that nobody could be told", "ValueError: at mat_…"),
        ("CRITICAL", "the process is ended by an error", "OSError: at mat_…"),
    ]
