"""The worker as clients see it, over plain sockets: slow ones, rude ones, and those that know HTTP well."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.support.gunicorn_process import ROOT, GunicornProcess
from tests.support.plain_service import LARGE, LARGEST_BODY, STREAM
from tests.support.polling import eventually
from tests.support.servers import free_port

pytestmark = pytest.mark.core

APP = "tests.support.plain_service:app"
FEW_THREADS = ("--threads", "4", "-w", "1", "--no-control-socket")
HALVES = {
    "nothing": b"",
    "half a head": b"POST /a HTTP/1.1\r\nHost: x\r\n",
    "half a body": b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345",
    "half a chunk": b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n123",
    "no last chunk": b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
}


@contextmanager
def served(folder: Path, worker: str, *options: str) -> Iterator[GunicornProcess]:
    command = ("-k", f"tests.support.plain_service.{worker}", *FEW_THREADS, *options)
    with GunicornProcess.running(APP, free_port(), {}, *command, log=folder / "log") as process:
        process.wait_until_ready("/")
        yield process


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GunicornProcess]:
    with served(tmp_path_factory.mktemp("patient"), "Worker", "--keep-alive", "20") as process:
        yield process


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GunicornProcess]:
    options = ("--keep-alive", "1", "--worker-connections", "20")
    with served(tmp_path_factory.mktemp("hasty"), "HastyWorker", *options) as process:
        yield process


def connect(process: GunicornProcess) -> socket.socket:
    return socket.create_connection(("127.0.0.1", process.port), timeout=60)


def everything(client: socket.socket) -> bytes:
    """What the client gets until the server closes."""
    return b"".join(iter(lambda: client.recv(65_536), b""))


def beginning(client: socket.socket) -> bytes:
    """Of the answer, or nothing where the connection was cut."""
    try:
        return client.recv(20)
    except OSError:
        return b""


def cpu_seconds(process: GunicornProcess) -> float:
    """What the workers have used up."""
    stats = [Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split() for worker in process.workers()]
    return sum(int(each[11]) + int(each[12]) for each in stats) / os.sysconf("SC_CLK_TCK")


def ask(process: GunicornProcess, request: bytes) -> tuple[int, bytes]:
    """Status and body of the answer, after which the server closes."""
    with connect(process) as client:
        client.sendall(request)
        head, _, body = everything(client).partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def get(path: str, *fields: str, method: str = "GET") -> bytes:
    """A request after which the server closes, if it isn't said otherwise."""
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *(fields or ("Connection: close",))]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.mark.parametrize("half", HALVES)
def test_clients_that_stop_halfway_hold_no_thread(service: GunicornProcess, half: str) -> None:
    with ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(connect(service)).sendall(HALVES[half])
        assert ask(service, get("/b")) == (200, b"GET /b ")


@pytest.mark.parametrize("half", HALVES)
def test_a_request_that_does_not_arrive_in_time_is_told_so(hasty: GunicornProcess, half: str) -> None:
    with connect(hasty) as client:
        client.sendall(HALVES[half])
        answered = everything(client)
    assert answered.startswith(b"HTTP/1.1 408 ") if HALVES[half] else answered == b""


@pytest.mark.parametrize("half", [half for half in HALVES if HALVES[half]])
def test_a_request_that_ends_early_is_malformed(service: GunicornProcess, half: str) -> None:
    with connect(service) as client:
        client.sendall(HALVES[half])
        client.shutdown(socket.SHUT_WR)
        assert everything(client).startswith(b"HTTP/1.1 400 ")


def test_a_request_may_come_byte_by_byte_and_its_client_may_then_stop_sending(service: GunicornProcess) -> None:
    with connect(service) as client:
        for byte in b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc":
            client.sendall(bytes([byte]))
        client.shutdown(socket.SHUT_WR)
        assert everything(client).endswith(b"\r\n\r\nPOST /a abc")


def test_an_unused_connection_is_closed(hasty: GunicornProcess) -> None:
    with connect(hasty) as client:
        client.sendall(get("/", "Connection: keep-alive"))
        assert everything(client).startswith(b"HTTP/1.1 200 ")


def test_requests_sent_at_once_are_answered_in_their_order(service: GunicornProcess) -> None:
    chunked = b"POST /2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nT: u\r\n\r\n"
    sized = b"PUT /3 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nGET "
    with connect(service) as client:
        client.sendall(get("/1", "A: b") + chunked + sized + get("/4"))
        answers = everything(client).split(b"HTTP/1.1 ")[1:]
    assert [each.partition(b"\r\n\r\n")[2] for each in answers] == [
        b"GET /1 ",
        b"POST /2 abc",
        b"PUT /3 GET ",
        b"GET /4 ",
    ]


@pytest.mark.parametrize("size", [LARGEST_BODY, LARGEST_BODY + 1, 50 * LARGEST_BODY])
def test_of_a_body_that_is_too_large_the_client_is_told_though_it_is_still_sending(
    service: GunicornProcess, size: int
) -> None:
    request = get("/a", f"Content-Length: {size}", "Connection: close", method="POST") + b"x" * size
    allowed = size <= LARGEST_BODY
    assert ask(service, request) == ((200, b"POST /a " + b"x" * size) if allowed else (413, b"too large"))


def test_of_endless_chunks_no_more_is_held_than_of_a_sized_body(service: GunicornProcess) -> None:
    chunks = (b"400\r\n" + b"x" * 0x400 + b"\r\n") * 1_000
    request = get("/a", "Transfer-Encoding: chunked", "Connection: close", method="POST") + chunks
    assert ask(service, request) == (413, b"cut")


def test_a_body_below_the_limit_may_come_in_tiny_chunks(service: GunicornProcess) -> None:
    chunks = b"1\r\nx\r\n" * LARGEST_BODY + b"0\r\n\r\n"
    request = get("/a", "Transfer-Encoding: chunked", "Connection: close", method="POST") + chunks
    before = cpu_seconds(service)
    assert ask(service, request) == (200, b"POST /a " + b"x" * LARGEST_BODY)
    assert cpu_seconds(service) - before < 1


@pytest.mark.parametrize(
    "chunks", ["0x3\r\nabc\r\n", " 3\r\nabc\r\n", "+3\r\nabc\r\n", "3\r\nabcd\r\n", "-3\r\n", "\r\n", "z\r\n"]
)
@pytest.mark.parametrize("path", ["/a", "/204"])
def test_behind_malformed_chunks_nothing_is_a_request(service: GunicornProcess, path: str, chunks: str) -> None:
    request = get(path, "Transfer-Encoding: chunked", method="POST") + f"{chunks}0\r\n\r\n".encode() + get("/smuggled")
    status, body = ask(service, request)
    assert (status, b"smuggled" in body, b"HTTP/1.1" in body) == (400, False, False)


def test_answers_without_a_body_have_none(service: GunicornProcess) -> None:
    assert ask(service, get("/a", method="HEAD")) == (200, b"")
    assert ask(service, get("/204")) == (204, b"")
    assert ask(service, get("/304")) == (304, b"")


def test_pieces_of_unknown_length_are_chunks_or_end_with_the_connection(service: GunicornProcess) -> None:
    assert ask(service, get("/pieces")) == (200, b"5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n")
    assert ask(service, b"GET /pieces HTTP/1.0\r\n\r\n") == (200, b"firstsecond")


def test_who_asks_before_sending_a_body_is_told_to_go_on(service: GunicornProcess) -> None:
    with connect(service) as client:
        client.sendall(get("/a", "Content-Length: 3", "Expect: 100-continue", "Connection: close", method="POST"))
        assert client.recv(1_000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"abc")
        assert everything(client).endswith(b"\r\n\r\nPOST /a abc")


@pytest.mark.clause("RFC 9110 §7.8")
@pytest.mark.parametrize("framing", ["Content-Length: 15\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nf\r\n"])
def test_a_body_behind_an_offer_to_upgrade_is_a_body(service: GunicornProcess, framing: str) -> None:
    offer = (
        "POST /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"
    )
    end = "\r\n0\r\n\r\n" if "chunked" in framing else ""
    with connect(service) as client:
        client.sendall(f"{offer}{framing}GET / HTTP/1.1\r{end}".encode() + get("/b"))
        answers = everything(client).split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert [each.partition(b"\r\n\r\n")[2] for each in answers] == [b"POST /a GET / HTTP/1.1\r", b"GET /b "]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"NONSENSE\r\n\r\n", 400),
        (b"GET /a HTTP/1.1\nHost: x\n\n", 400),
        (get("/a", "A : b"), 400),
        (get("/a", "Host: y"), 400),
        (get("/a", "A: b\r\n c"), 400),
        (b"GET /a HTTP/1.1\r\n\r\n", 400),
        (get("/a", "Expect: more"), 417),
        (get("/a", "A: b\x01"), 400),
        (get("/a", "Content-Length: 3", "Content-Length: 4"), 400),
        (get("/a", "Content-Length: -3"), 400),
        (get("/a", "Content-Length: 3", "Transfer-Encoding: chunked"), 400),
        (get("/a", "Transfer-Encoding: rot13"), 501),
        (get("/" + "a" * 5_000), 414),
        (get("/a", *(f"A{number}: b" for number in range(101))), 431),
        (get("/a", "A: " + "b" * 9_000), 431),
        (b"GET /a HTTP/1.1\r\n" + b"A: b\r\n" * 20_000, 431),
        (get("/fail"), 500),
    ],
)
def test_what_is_refused_ends_the_connection(service: GunicornProcess, request_: bytes, status: int) -> None:
    with connect(service) as client:
        client.sendall(request_)
        head, _, text = everything(client).partition(b"\r\n\r\n")
    assert int(head.split()[1]) == status
    assert b"\r\nX-Content-Type-Options: nosniff" in head
    assert text.count(b"\n") == 1


def test_an_answer_that_breaks_off_looks_broken(service: GunicornProcess) -> None:
    assert ask(service, get("/broken", "A: b")) == (200, b"5\r\nfirst\r\n")


def test_clients_that_ask_on_and_on_and_take_no_answer_keep_nobody_waiting(service: GunicornProcess) -> None:
    with ExitStack() as stack:
        for _ in range(60):
            client = stack.enter_context(connect(service))
            client.setblocking(False)
            with suppress(BlockingIOError):
                for _ in range(200):
                    client.send(get("/large", "A: b") * 20)
        assert [ask(service, get("/b")) for _ in range(6)] == [(200, b"GET /b ")] * 6


def test_a_slow_client_gets_all_of_a_long_answer_in_its_order(service: GunicornProcess) -> None:
    with connect(service) as client:
        client.sendall(get("/stream", "A: b") + get("/large", "A: b") + get("/b"))
        time.sleep(0.3)  # for the answers to fill what the kernel holds
        answers = everything(client).split(b"HTTP/1.1 ")[1:]
    bodies = [each.partition(b"\r\n\r\n")[2] for each in answers]
    assert bodies[0] == b"".join(b"%X\r\n%b\r\n" % (len(part), part) for part in STREAM) + b"0\r\n\r\n"
    assert bodies[1:] == [LARGE, b"GET /b "]


def test_who_takes_nothing_of_an_answer_is_given_up(hasty: GunicornProcess) -> None:
    with connect(hasty) as client:
        client.sendall(get("/stream"))
        client.recv(1, socket.MSG_PEEK)  # it has begun, and nothing of it is taken
        eventually(lambda: ask(hasty, get("/streams-open")) == (200, b"0"))
        with suppress(ConnectionResetError):
            assert len(everything(client)) < len(b"".join(STREAM))


def test_a_full_worker_makes_room(hasty: GunicornProcess) -> None:
    with ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(connect(hasty)).sendall(b"GET")
        assert ask(hasty, get("/b")) == (200, b"GET /b ")


def test_large_requests_are_dropped_where_there_is_no_room_for_all(tmp_path: Path) -> None:
    half = get("/a", "Content-Length: 90000", "Connection: close", method="POST") + b"x" * 60_000
    with served(tmp_path, "CrampedWorker", "--worker-connections", "20") as process, ExitStack() as stack:
        clients = [stack.enter_context(connect(process)) for _ in range(8)]
        for client in clients:
            client.sendall(half)
        assert select.select(clients, [], [], 20)[0], "somebody is to be told before anything else is sent"
        for client in clients:
            with suppress(OSError):  # dropped already
                client.sendall(b"x" * 30_000)
        dropped = [client for client in clients if b" 200 " not in beginning(client)]
        assert 1 <= len(dropped) <= 5
        assert ask(process, get("/b")) == (200, b"GET /b ")


def test_threads_that_are_held_up_leave_the_others_to_answer(tmp_path: Path) -> None:
    with served(tmp_path, "NarrowWorker") as process, ExitStack() as stack:
        held_up = [stack.enter_context(connect(process)) for _ in range(3)]
        for client in held_up:
            client.sendall(get("/held-up"))
        assert ask(process, get("/release")) == (200, b"GET /release ")
        for client in held_up:
            assert everything(client).endswith(b"\r\n\r\nGET /held-up ")


def test_what_was_begun_is_finished_before_the_worker_ends(tmp_path: Path) -> None:
    with served(tmp_path, "Worker") as process, connect(process) as client, connect(process) as unused:
        unused.sendall(get("/", "A: b"))
        assert unused.recv(1_000).startswith(b"HTTP/1.1 200 ")
        client.sendall(get("/slow", "A: b"))
        workers = process.workers()
        process.reload()
        answered = everything(client)
        assert (b"\r\nConnection: close\r\n" in answered, answered[-10:]) == (True, b"GET /slow ")
        assert everything(unused) == b""
        eventually(lambda: not workers & process.workers())


def test_a_worker_that_ends_answers_also_while_its_threads_are_held_up(tmp_path: Path) -> None:
    with served(tmp_path, "NarrowWorker") as process, connect(process) as held_up, connect(process) as unused:
        unused.sendall(get("/", "A: b"))
        assert unused.recv(1_000).startswith(b"HTTP/1.1 200 ")
        held_up.sendall(get("/held-up"))
        time.sleep(0.05)
        for worker in process.workers():
            os.kill(worker, signal.SIGTERM)
        unused.sendall(get("/release"))
        assert everything(unused).endswith(b"\r\n\r\nGET /release ")
        assert everything(held_up).endswith(b"\r\n\r\nGET /held-up ")


def test_a_worker_that_has_answered_enough_is_replaced_and_no_request_is_lost(tmp_path: Path) -> None:
    with served(tmp_path, "Worker", "--max-requests", "10") as process:
        workers = process.workers()
        assert [ask(process, get("/b")) for _ in range(30)] == [(200, b"GET /b ")] * 30
        eventually(lambda: not workers & process.workers())


@pytest.mark.parametrize(
    ("options", "environment", "said"),
    [
        (["--certfile", "pyproject.toml"], {}, "plain HTTP/1.1"),
        (["--strip-header-spaces"], {}, "doesn't heed strip_header_spaces"),
        (["--forwarded-allow-ips", "*"], {}, "doesn't heed forwarded_allow_ips"),
        ([], {"SCRIPT_NAME": "/below"}, "doesn't heed SCRIPT_NAME"),
    ],
    ids=["TLS", "a lenient parser", "a proxy", "a path"],
)
def test_what_it_can_not_do_it_says_at_once(options: list[str], environment: dict[str, str], said: str) -> None:
    gunicorn = str(Path(sys.executable).with_name("gunicorn"))
    command = [gunicorn, "-k", "tests.support.plain_service.Worker", "-b", f"127.0.0.1:{free_port()}", *options, APP]
    environment = {**os.environ, **environment}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, said in done.stderr) == (1, True)
