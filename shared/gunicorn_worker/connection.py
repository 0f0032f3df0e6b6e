"""Collects what a client sends until it is a whole request. It never waits, and knows of no other connection."""

import io
import socket
import time
from typing import Any

from gunicorn.http.body import Body as ReadableBody
from gunicorn.http.body import ChunkedReader
from gunicorn.http.errors import InvalidHeader
from gunicorn.http.unreader import IterUnreader

from shared.gunicorn_worker.answer import Answer
from shared.gunicorn_worker.request_body import Body, Chunks, KnownLength
from shared.gunicorn_worker.request_head import Head, HeadReader, Peers

_AT_ONCE = 64 * 1024


class Connection:
    """A client's connection. One thread at a time has it."""

    def __init__(self, peers: Peers, heads: HeadReader, largest_body: int) -> None:
        peers.socket.setblocking(False)
        if peers.socket.family != socket.AF_UNIX:
            peers.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peers = peers
        self.socket: socket.socket = peers.socket
        self.deadline = 0.0
        """When it is closed, by `time.monotonic()`, unless something happens before."""
        self.ending = False
        """Nothing more will be answered; the client is given a moment to read what was."""
        self._heads = heads
        self._largest_body = largest_body
        self._received = bytearray()
        self._head: Head | None = None
        self._body: Body

    @property
    def held(self) -> int:
        """Bytes of a request that isn't whole yet."""
        return len(self._received)

    def read(self) -> bool:
        """Take what has come. Whether there may be more. Raises OSError when the connection is lost."""
        try:
            data = self.socket.recv(_AT_ONCE)
        except BlockingIOError:
            return True
        if not self.ending:
            self._received += data
        return bool(data)

    def next_request(self) -> tuple[dict[str, Any], Answer] | None:
        """The environment and the answer to be of the next request, if it is whole. Raises gunicorn's ParseException.

        One whose body is too large is given without it, and is the last: the application may explain.
        """
        if self._head is None:
            self._head = self._heads.read(self._received, self.peers)
            if self._head is None:
                return None
            self._body = (
                Chunks(self._head.size) if self._head.chunked else KnownLength(self._head.size, self._head.length)
            )
        head, end = self._head, self._body.end(self._received)
        if end is None:
            # Chunks are counted as they are sent, with what is around them.
            expected = head.length or self.held - head.size - _AT_ONCE
            if expected <= self._largest_body:
                return None
            end = self.held
            head.answer.force_close()
        body = bytes(self._received[head.size : end])
        del self._received[:end]
        self._head = None
        if head.chunked is None:
            head.environ["wsgi.input"] = io.BytesIO(body)
        else:
            chunks = ReadableBody(ChunkedReader(head.chunked, IterUnreader([body])))
            head.environ["wsgi.input"] = chunks if head.answer.must_close else io.BytesIO(_read(chunks))
        return head.environ, head.answer

    def end(self, within: float) -> None:
        """Say that nothing more comes, and go on reading for so many seconds: else the answer could be lost.

        RFC 9112 §9.6. Raises OSError when the connection is lost.
        """
        self.ending = True
        self.deadline = time.monotonic() + within
        self._received.clear()
        self.socket.shutdown(socket.SHUT_WR)


def _read(chunks: ReadableBody) -> bytes:
    """All of it, before anybody answers: of malformed chunks nobody knows where the next request begins."""
    try:
        return chunks.read()
    except OSError as error:
        raise InvalidHeader(f"malformed chunks: {error}") from error
