"""Heads that the parser would take and nobody should."""

import pytest

from buffering_worker import head_checks
from buffering_worker.refusal import RefusedError
from buffering_worker.tests.generated_heads import WRK
from buffering_worker.tests.head_readers import READERS, peers_of, read


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("GET /  HTTP/1.1", 400),
        ("GET  / HTTP/1.1", 400),
        ("GET / HTTP/0.9", 400),
        ("GET / HTTP/2.0", 400),
        ("GET / RTSP/1.0", 400),
        ("GET /", 400),
        ("GET * HTTP/1.1", 400),
        ("GET /a#b HTTP/1.1", 400),
        ("GET http://b/ HTTP/1.1", 400),
        ("GET http://c@a/ HTTP/1.1", 400),
        ("GET ftp://a/ HTTP/1.1", 400),
        ("\nGET / HTTP/1.1", 400),
        ("\r\n\r\nGET / HTTP/1.1", 400),
        ("CONNECT a:80 HTTP/1.1", 501),
        ("NOVEL / HTTP/1.1", 501),
        ("get / HTTP/1.1", 501),
        ("G(T / HTTP/1.1", 400),
    ],
)
@pytest.mark.clause("RFC 9112 §3")
def test_what_the_parser_would_take_and_nobody_should_is_refused(line: str, status: int) -> None:
    received = f"{line}\r\nHost: a\r\n\r\n".encode()
    with pytest.raises(RefusedError) as refused:
        READERS["default"].read(bytearray(received), peers_of(READERS["default"]))
    assert refused.value.status == status


@pytest.mark.parametrize("hosts", [[], ["a", "a"], ["a b"], ["a/b"], ["a@b"], ["a:b"], ["[::1"]], ids=str)
@pytest.mark.clause("RFC 9112 §3.2")
def test_a_request_names_one_host(hosts: list[str]) -> None:
    fields = "".join(f"Host: {host}\r\n" for host in hosts)
    assert read(READERS["default"], f"GET / HTTP/1.1\r\n{fields}\r\n".encode()) == "refused"


@pytest.mark.parametrize(
    "field",
    [
        b"Content-Length: " + each
        for each in (b"+5", b"5_0", b"0x5", "٥".encode(), b"", b"5, 5", b"9" * 5_000, b"0" * 5_000)
    ]
    + [b"Transfer-Encoding: chunked\r\nContent-Length: 5", b"Content-Length: 5\r\nContent-Length: 5", b"A : b"]
    + [
        b"Host: a",
        b"Content-Type: a\r\nContent-Type: a",
        b"Transfer-Encoding: chunked, chunked",
        b"A: b\r\n c",
        b"A: b\nC: d",
    ],
    ids=lambda field: field[:40].decode(),
)
@pytest.mark.clause("RFC 9112 §6.3")
def test_a_field_that_could_be_read_in_two_ways_is_refused(field: bytes) -> None:
    assert read(READERS["default"], b"POST / HTTP/1.1\r\nHost: a\r\n" + field + b"\r\n\r\n") == "refused"


@pytest.mark.parametrize(
    "fields",
    [{"CONTENT_LENGTH": each} for each in ("+5", "-5", "5_0", "٥", "\xb2", "", "5,5", "9" * 19)]
    + [{"HTTP_TRANSFER_ENCODING": each} for each in ("", "gzip", "gzip, chunked", "chunked, chunked", "identity")]
    + [{"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "5"}],
    ids=str,
)
@pytest.mark.clause("RFC 9112 §6.3")
def test_how_long_a_body_is_does_not_rest_on_the_parser(fields: dict[str, str]) -> None:
    with pytest.raises(RefusedError):
        head_checks.framing(fields, (1, 1))


@pytest.mark.parametrize("after", [b"hello", b"hello" + WRK], ids=["a body", "a body and a request"])
def test_a_parser_that_goes_on_behind_a_head_is_not_believed(after: bytes) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
    with pytest.raises(RefusedError, match="doesn't end"):
        READERS["default"]._read(head + after, len(head), peers_of(READERS["default"]))


@pytest.mark.parametrize(
    ("version", "connection", "ends"),
    [("1.1", "te, Close", True), ("1.1", "te", False), ("1.0", "te", True), ("1.0", "Keep-Alive, te", False)],
)
@pytest.mark.clause("RFC 9112 §9.3")
def test_connection_options_are_a_list(version: str, connection: str, ends: bool) -> None:
    request = f"GET / HTTP/{version}\r\nHost: a\r\nConnection: {connection}\r\n\r\n".encode()
    head = READERS["default"].read(bytearray(request), peers_of(READERS["default"]))
    assert head
    head.response.start_response("200 OK", [("Content-Length", "0")])
    assert head.response.should_close() == ends
