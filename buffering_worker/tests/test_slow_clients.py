"""Clients that are slow or rude: they hold no thread, and memory within a limit."""

import select
import socket
import struct
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from buffering_worker.tests.plain_service import HUGE_PART, LARGE, STREAM
from buffering_worker.tests.served import Served, eventually, everything, get, served

pytestmark = pytest.mark.core

HALVES = {
    "nothing": b"",
    "half a head": b"POST /a HTTP/1.1\r\nHost: x\r\n",
    "half a body": b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345",
    "half a chunk": b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n123",
    "no last chunk": b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
}


def beginning(client: socket.socket) -> bytes:
    """The beginning of the response, or nothing where the connection was cut."""
    try:
        return client.recv(20)
    except OSError:
        return b""


def taken(client: socket.socket) -> bytes:
    """What the client gets until the server closes, or the connection is cut."""
    got = bytearray()
    with suppress(OSError):
        while data := client.recv(65_536):
            got += data
    return bytes(got)


@pytest.mark.parametrize("half", HALVES)
def test_clients_that_stop_halfway_hold_no_thread(service: Served, half: str) -> None:
    with ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(service.connect()).sendall(HALVES[half])
        assert service.ask(get("/b")) == (200, b"GET /b ")


@pytest.mark.parametrize("half", HALVES)
def test_a_request_that_does_not_arrive_in_time_is_told_so(hasty: Served, half: str) -> None:
    with hasty.connect() as client:
        client.sendall(HALVES[half])
        answered = everything(client)
    assert answered.startswith(b"HTTP/1.1 408 ") if HALVES[half] else answered == b""


@pytest.mark.parametrize(
    "beginning_of", ["GET / HTTP/1.1\r\nHost: x\r\nA: ", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n"]
)
def test_a_request_that_drips_has_no_more_time_than_one_that_stops(hasty: Served, beginning_of: str) -> None:
    with hasty.connect() as client:
        client.sendall(beginning_of.encode())
        for _ in range(400):
            if select.select([client], [], [], 0.05)[0]:
                break
            client.sendall(b"x")
        else:
            pytest.fail("twenty seconds are a second")
        assert beginning(client).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("half", [half for half in HALVES if HALVES[half]])
def test_a_request_that_ends_early_is_malformed(service: Served, half: str) -> None:
    with service.connect() as client:
        client.sendall(HALVES[half])
        client.shutdown(socket.SHUT_WR)
        assert everything(client).startswith(b"HTTP/1.1 400 ")


def test_a_request_may_come_byte_by_byte_and_its_client_may_then_stop_sending(service: Served) -> None:
    with service.connect() as client:
        for byte in b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc":
            client.sendall(bytes([byte]))
        client.shutdown(socket.SHUT_WR)
        assert everything(client).endswith(b"\r\n\r\nPOST /a abc")


def test_an_unused_connection_is_closed(hasty: Served) -> None:
    with hasty.connect() as client:
        client.sendall(get("/", "Connection: keep-alive"))
        assert everything(client).startswith(b"HTTP/1.1 200 ")


def test_clients_that_ask_on_and_on_and_take_no_answer_keep_nobody_waiting(service: Served) -> None:
    with ExitStack() as stack:
        for _ in range(60):
            client = stack.enter_context(service.connect())
            client.setblocking(False)
            with suppress(BlockingIOError):
                for _ in range(200):
                    client.send(get("/large", "A: b") * 20)
        assert [service.ask(get("/b")) for _ in range(6)] == [(200, b"GET /b ")] * 6


def test_a_slow_client_gets_all_of_a_long_answer_in_its_order(service: Served) -> None:
    with service.connect() as client:
        client.sendall(get("/stream", "A: b") + get("/large", "A: b") + get("/b"))
        time.sleep(0.3)  # for the answers to fill what the kernel holds
        answers = everything(client).split(b"HTTP/1.1 ")[1:]
    bodies = [each.partition(b"\r\n\r\n")[2] for each in answers]
    assert bodies[0] == b"".join(b"%X\r\n%b\r\n" % (len(part), part) for part in STREAM) + b"0\r\n\r\n"
    assert bodies[1:] == [LARGE, b"GET /b "]


def test_who_takes_nothing_of_an_answer_is_given_up(hasty: Served) -> None:
    with hasty.connect() as client:
        client.sendall(get("/stream"))
        client.recv(1, socket.MSG_PEEK)  # it has begun, and nothing of it is taken
        eventually(lambda: hasty.ask(get("/streams-open")) == (200, b"0"))
        with suppress(ConnectionResetError):
            assert len(everything(client)) < len(b"".join(STREAM))


@pytest.mark.parametrize("path", ["/slow", "/stream"])
def test_a_client_that_is_lost_is_no_failure_of_the_application(tmp_path: Path, path: str) -> None:
    with served(tmp_path, "Worker") as process:
        with process.connect() as client:
            client.sendall(get(path))
            time.sleep(0.3)  # for the application to be called
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, not an end
        eventually(lambda: process.ask(get("/streams-open")) == (200, b"0"))
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_full_worker_makes_room_for_who_comes_last(tmp_path: Path) -> None:
    with served(tmp_path, "PatientReceiver", "--worker-connections", "20") as process, ExitStack() as stack:
        clients = [stack.enter_context(process.connect()) for _ in range(60)]
        for client in clients:
            with suppress(OSError):  # closed already
                client.sendall(b"GET")
        assert process.ask(get("/b")) == (200, b"GET /b ")
        eventually(lambda: len(select.select(clients, [], [], 0)[0]) > 40)


def test_large_requests_are_dropped_where_there_is_no_room_for_all(tmp_path: Path) -> None:
    half = get("/a", "Content-Length: 90000", "Connection: close", method="POST") + b"x" * 60_000
    with served(tmp_path, "CrampedWorker", "--worker-connections", "20") as process, ExitStack() as stack:
        clients = [stack.enter_context(process.connect()) for _ in range(8)]
        for client in clients:
            client.sendall(half)
        assert select.select(clients, [], [], 20)[0], "somebody is to be told before anything else is sent"
        for client in clients:
            with suppress(OSError):  # dropped already
                client.sendall(b"x" * 30_000)
        dropped = [client for client in clients if b" 200 " not in beginning(client)]
        assert 1 <= len(dropped) <= 5
        assert process.ask(get("/b")) == (200, b"GET /b ")


def test_responses_are_dropped_where_there_is_no_room_for_all(tmp_path: Path) -> None:
    with served(tmp_path, "CrampedWorker", "--worker-connections", "20") as process, ExitStack() as stack:
        clients = [stack.enter_context(process.connect()) for _ in range(8)]
        for client in clients:
            client.sendall(get("/huge-part"))
        for client in clients:
            client.recv(1, socket.MSG_PEEK)  # it has begun, and nothing of it is taken
        eventually(lambda: int(process.ask(get("/streams-open"))[1]) < len(clients), 20)
        whole = b"%X\r\n%b\r\n0\r\n\r\n" % (len(HUGE_PART), HUGE_PART)
        assert 1 <= [taken(client).endswith(whole) for client in clients].count(True) < len(clients)


def test_a_client_that_takes_its_time_for_a_response_has_more_of_it_than_for_a_request(tmp_path: Path) -> None:
    with served(tmp_path, "PatientSender", "--keep-alive", "1") as process, process.connect() as client:
        client.sendall(get("/stream"))
        time.sleep(3)  # longer than for a request, or for an unused connection
        assert everything(client).endswith(b"0\r\n\r\n")


def test_threads_that_are_held_up_leave_the_others_to_answer(tmp_path: Path) -> None:
    with served(tmp_path, "NarrowWorker") as process, ExitStack() as stack:
        held_up = [stack.enter_context(process.connect()) for _ in range(3)]
        for client in held_up:
            client.sendall(get("/held-up"))
        assert process.ask(get("/release")) == (200, b"GET /release ")
        for client in held_up:
            assert everything(client).endswith(b"\r\n\r\nGET /held-up ")
