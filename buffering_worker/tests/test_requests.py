"""Requests and responses over plain sockets, as clients know them that know HTTP well, and those that are refused."""

import pytest

from buffering_worker.tests.plain_service import LARGEST_BODY
from buffering_worker.tests.served import Served, everything, get

pytestmark = pytest.mark.core


def test_requests_sent_at_once_are_answered_in_their_order(service: Served) -> None:
    chunked = b"POST /2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nT: u\r\n\r\n"
    sized = b"PUT /3 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nGET "
    with service.connect() as client:
        client.sendall(get("/1", "A: b") + chunked + sized + get("/4"))
        answers = everything(client).split(b"HTTP/1.1 ")[1:]
    assert [each.partition(b"\r\n\r\n")[2] for each in answers] == [
        b"GET /1 ",
        b"POST /2 abc",
        b"PUT /3 GET ",
        b"GET /4 ",
    ]


@pytest.mark.parametrize("size", [LARGEST_BODY, LARGEST_BODY + 1, 50 * LARGEST_BODY])
def test_of_a_body_that_is_too_large_the_client_is_told_though_it_is_still_sending(service: Served, size: int) -> None:
    request = get("/a", f"Content-Length: {size}", "Connection: close", method="POST") + b"x" * size
    allowed = size <= LARGEST_BODY
    assert service.ask(request) == ((200, b"POST /a " + b"x" * size) if allowed else (413, b"too large"))


@pytest.mark.clause("RFC 9112 §9.3")
def test_what_is_left_of_a_body_that_is_too_large_is_no_request(service: Served) -> None:
    body = get("/smuggled", "A: b") * 10_000
    with service.connect() as client:
        client.sendall(get("/a", f"Content-Length: {len(body)}", method="POST") + body)
        responses = everything(client)
    assert (responses.count(b"HTTP/1.1 413 "), responses.count(b"HTTP/1.1 ")) == (1, 1)


def test_of_endless_chunks_no_more_is_held_than_of_a_sized_body(service: Served) -> None:
    chunks = (b"400\r\n" + b"x" * 0x400 + b"\r\n") * 1_000
    request = get("/a", "Transfer-Encoding: chunked", "Connection: close", method="POST") + chunks
    assert service.ask(request) == (413, b"cut")


def test_a_body_below_the_limit_may_come_in_tiny_chunks(service: Served) -> None:
    chunks = b"1\r\nx\r\n" * LARGEST_BODY + b"0\r\n\r\n"
    request = get("/a", "Transfer-Encoding: chunked", "Connection: close", method="POST") + chunks
    before = service.cpu_seconds()
    assert service.ask(request) == (200, b"POST /a " + b"x" * LARGEST_BODY)
    assert service.cpu_seconds() - before < 1


@pytest.mark.parametrize(
    "chunks", ["0x3\r\nabc\r\n", " 3\r\nabc\r\n", "+3\r\nabc\r\n", "3\r\nabcd\r\n", "-3\r\n", "\r\n", "z\r\n"]
)
@pytest.mark.parametrize("path", ["/a", "/204"])
def test_behind_malformed_chunks_nothing_is_a_request(service: Served, path: str, chunks: str) -> None:
    request = get(path, "Transfer-Encoding: chunked", method="POST") + f"{chunks}0\r\n\r\n".encode() + get("/smuggled")
    status, body = service.ask(request)
    assert (status, b"smuggled" in body, b"HTTP/1.1" in body) == (400, False, False)


def test_answers_without_a_body_have_none(service: Served) -> None:
    assert service.ask(get("/a", method="HEAD")) == (200, b"")
    assert service.ask(get("/204")) == (204, b"")
    assert service.ask(get("/304")) == (304, b"")


def test_pieces_of_unknown_length_are_chunks_or_end_with_the_connection(service: Served) -> None:
    assert service.ask(get("/pieces")) == (200, b"5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n")
    assert service.ask(b"GET /pieces HTTP/1.0\r\n\r\n") == (200, b"firstsecond")


def test_who_asks_before_sending_a_body_is_told_to_go_on(service: Served) -> None:
    with service.connect() as client:
        client.sendall(get("/a", "Content-Length: 3", "Expect: 100-continue", "Connection: close", method="POST"))
        assert client.recv(1_000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"abc")
        assert everything(client).endswith(b"\r\n\r\nPOST /a abc")


@pytest.mark.clause("RFC 9110 §7.8")
@pytest.mark.parametrize("framing", ["Content-Length: 15\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nf\r\n"])
def test_a_body_behind_an_offer_to_upgrade_is_a_body(service: Served, framing: str) -> None:
    offer = (
        "POST /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"
    )
    end = "\r\n0\r\n\r\n" if "chunked" in framing else ""
    with service.connect() as client:
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
        (get("/fail-late", "A: b") + get("/b"), 500),
        (b"NONSENSE\r\n\r\n" + b"x" * 5_000_000, 400),
    ],
    ids=lambda value: str(value[:30]) if isinstance(value, bytes) else None,
)
def test_what_is_refused_ends_the_connection(service: Served, request_: bytes, status: int) -> None:
    with service.connect() as client:
        client.sendall(request_)
        head, _, text = everything(client).partition(b"\r\n\r\n")
    assert int(head.split()[1]) == status
    assert b"\r\nX-Content-Type-Options: nosniff" in head
    assert text.count(b"\n") == 1


def test_an_answer_that_breaks_off_looks_broken(service: Served) -> None:
    assert service.ask(get("/broken", "A: b")) == (200, b"5\r\nfirst\r\n")
