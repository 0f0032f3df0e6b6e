"""The end of a chunked body is where gunicorn stops reading, whichever way it was cut, and finding it is cheap."""

import time

import pytest
from gunicorn.config import Config
from gunicorn.http.body import Body, ChunkedReader
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from hypothesis import given, settings
from hypothesis import strategies as st

from buffering_worker.refusal import RefusedError
from buffering_worker.request_body import MOST_CHUNKS, Chunks

REQUEST = Request(Config(), IterUnreader([b"GET / HTTP/1.1\r\n\r\n"]), ("127.0.0.1", 1))
CHUNKS = st.builds(
    lambda data, form, ext: (form % len(data)).encode() + ext + b"\r\n" + data + b"\r\n",
    st.binary(min_size=1, max_size=20),
    st.sampled_from(["%x", "%X", "000%x"]),
    st.sampled_from([b"", b";a", b" ;a=b"]),
)
BODIES = st.builds(
    lambda chunks, trailers: b"".join(chunks) + b"0\r\n" + trailers + b"\r\n",
    st.lists(CHUNKS, max_size=4),
    st.sampled_from([b"", b"A: b\r\n"]),
)
PIPELINED = b"GET / HTTP/1.1\r\n\r\n"


@settings(max_examples=100, deadline=None)
@given(BODIES, st.sampled_from([b"", PIPELINED]))
def test_a_body_ends_where_it_ends_byte_by_byte_and_at_once(body: bytes, after: bytes) -> None:
    sent = IterUnreader([body + after])
    content = Body(ChunkedReader(REQUEST, sent)).read()
    assert sent.take_buffered() == after
    at_once, received = Chunks(), bytearray(body + after)
    assert (at_once.take(received), bytes(at_once.content), bytes(received)) == (True, content, after)
    slow, received = Chunks(), bytearray()
    for number, byte in enumerate(body, 1):
        received.append(byte)
        assert slow.take(received) == (number == len(body))
        assert slow.least <= len(content)
    assert (bytes(slow.content), bytes(received)) == (content, b"")


@pytest.mark.parametrize(
    "malformed",
    [
        *[
            b"0x3\r\nabc\r\n",
            b" 3\r\nabc\r\n",
            b"3 \r\nabc\r\n",
            b"+3\r\nabc\r\n",
            b"3\r\nabcd\r\n",
            b"3\r\nab\r\n\r\n",
        ],
        *[
            b"-3\r\n",
            b"\r\n",
            b"z\r\n",
            b"1_0\r\n",
            b"3\nabc\r\n",
            b"3;a\n\r\nabc\r\n",
            b"3;a\r\r\nabc\r\n",
            b"1" * 17 + b"\r\n",
        ],
        *[
            b"0\r\n: a\r\n",
            b"0\r\nA\r\n",
            b"0\r\n A: b\r\n",
            b"0\r\nA: b\nC: d\r\n",
            b"1" * 9_000,
            b"0\r\n" + b"A: b\r\n" * 101,
        ],
    ],
    ids=lambda malformed: malformed[:20].decode(),
)
@pytest.mark.clause("RFC 9112 §7.1")
def test_malformed_chunks_are_refused(malformed: bytes) -> None:
    with pytest.raises(RefusedError):
        Chunks().take(bytearray(malformed))


@pytest.mark.parametrize("piece", [1_000, 10_000_000])
def test_many_chunks_cost_less_than_a_second_and_more_are_refused(piece: int) -> None:
    body = b"1\r\nx\r\n" * MOST_CHUNKS
    chunks, received = Chunks(), bytearray()
    began = time.process_time()
    for start in range(0, len(body), piece):
        received += body[start : start + piece]
        assert not chunks.take(received)
    assert time.process_time() - began < 1
    assert len(chunks.content) == MOST_CHUNKS
    with pytest.raises(RefusedError):
        chunks.take(bytearray(b"1\r\nx\r\n"))
