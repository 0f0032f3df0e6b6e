"""A head means what gunicorn's own parser says that it means, or it is refused."""

from collections.abc import Iterator

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from buffering_worker.tests.generated_heads import HEADS, USUAL, WRK
from buffering_worker.tests.head_readers import CLIENT, CONFIGURATIONS, READERS, assert_gunicorn_agrees, by_gunicorn

STRICTER = (
    "This method is not known here.",
    "The request line doesn't end with HTTP/1.1 or HTTP/1.0.",
    "There is no Host.",
    "Host is no host.",
    "The target has a fragment.",
    "The target is neither a path nor an address of the host that Host names.",
    "The only transfer coding here is chunked.",
    "Content-Length is no length.",
    "Request has invalid `Transfer-Encoding`.",
)
"""Why ours refuses what gunicorn's parser takes: it is wrong by RFC 9112 or means nothing to any application, but for a
tab behind "chunked", which httptools doesn't take."""


@pytest.mark.parametrize(
    "received", [*USUAL, b"\r\n" + WRK], ids=["curl", "python-requests", "wrk", "empty line before"]
)
@pytest.mark.parametrize("name", ["default", "long line", "any line"])
def test_what_common_clients_send_means_what_it_means_to_gunicorn(name: str, received: bytes) -> None:
    assert assert_gunicorn_agrees(name, received) is None


@settings(max_examples=200, deadline=None)
@example(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n", CLIENT, b"")
@example(b"GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nA: 2\r\n\r\n", CLIENT, b"")
@example(b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", CLIENT, b"")
@example(b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\n\r\n", CLIENT, b"")
@example(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n\r\n", CLIENT, b"")
@example(b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"a" * 46 + b"\r\n\r\n", CLIENT, b"")
@example(b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"a" * 8_188 + b"\r\n\r\n", CLIENT, b"")
@example(b"GET http://a.example/b?c HTTP/1.1\r\nHost: a.example\r\n\r\n", CLIENT, b"")
@given(
    HEADS, st.sampled_from([CLIENT, ("::1", 1), ("10.0.0.1", 2), ("not an address", 3)]), st.sampled_from([b"", WRK])
)
def test_a_head_means_what_it_means_to_gunicorn_or_is_refused(
    received: bytes, client: tuple[str, int], after: bytes
) -> None:
    end = received.find(b"\r\n\r\n", 2 if received.startswith(b"\r\n") else 0)
    if end >= 0:
        for name in READERS:
            event(str(assert_gunicorn_agrees(name, received[: end + 4] + after, client)))


def changed(head: bytes) -> Iterator[bytes]:
    """With one byte more, less, or another one, at every place."""
    for place in range(len(head)):
        yield head[:place] + head[place + 1 :]
        for value in range(256):
            yield head[:place] + bytes([value]) + head[place:]
            yield head[:place] + bytes([value]) + head[place + 1 :]


@pytest.mark.parametrize(
    "head",
    [
        b"GET /a?b HTTP/1.1\r\nHost: a.b\r\nA: c\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["plain", "with a length", "with chunks"],
)
@pytest.mark.clause("RFC 9112 §6.3")
def test_heads_that_differ_in_one_byte_from_usual_ones_mean_what_they_mean_to_gunicorn(head: bytes) -> None:
    outcomes = set()
    for each in changed(head):
        if b"\r\n\r\n" in each[2:] and not each.startswith(b"\r\n\r\n"):
            refused = assert_gunicorn_agrees("default", each)
            outcomes.add(refused)
            if refused and refused not in STRICTER:
                assert by_gunicorn(CONFIGURATIONS["default"], each) is None, (each, refused)
    assert {None, "There is no Host.", "This method is not known here."} <= outcomes
