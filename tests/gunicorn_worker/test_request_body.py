"""The end of a chunked body is where gunicorn stops reading, whichever way it was cut."""

from gunicorn.config import Config
from gunicorn.http.body import Body, ChunkedReader
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.gunicorn_worker.request_body import Chunks

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


@settings(max_examples=100, deadline=None)
@given(BODIES, st.sampled_from([b"", b"GET / HTTP/1.1\r\n\r\n"]))
def test_a_body_ends_where_it_ends_byte_by_byte_and_at_once(body: bytes, after: bytes) -> None:
    assert Chunks(0).end(bytearray(body + after)) == len(body)
    sent = IterUnreader([body + after])
    Body(ChunkedReader(REQUEST, sent)).read()
    assert sent.take_buffered() == after
    slow = Chunks(0)
    assert [slow.end(bytearray(body[:cut])) for cut in range(len(body))] == [None] * len(body)
    assert slow.end(bytearray(body)) == len(body)


def test_a_line_without_end_is_given_up() -> None:
    assert Chunks(0).end(bytearray(b"1" * 9_000)) == 9_000
