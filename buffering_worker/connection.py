"""Collects what a client sends until it is a whole request, and holds what the client has to take. It never waits."""

import io
import socket
import time
from typing import Any

from buffering_worker.answer import Answer
from buffering_worker.answering import Answering
from buffering_worker.outgoing import Outgoing
from buffering_worker.request_body import Body, Chunks, KnownLength
from buffering_worker.request_head import Head, HeadReader

_AT_ONCE = 64 * 1024
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection:
    """A client's connection. One thread at a time has it."""

    def __init__(self, client: socket.socket, address: Any, server: Any, heads: HeadReader, max_body_size: int) -> None:
        client.setblocking(False)
        if client.family != socket.AF_UNIX:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = client
        self.outgoing = Outgoing(client)
        self.deadline = 0.0
        """When it is closed, by `time.monotonic()`, unless something happens before."""
        self.ending = False
        """Nothing more will be answered; the client is given a moment to read what was."""
        self.answering: Answering | None = None
        """What answers the request that was given last, until it has."""
        self._peers = heads.peers(self.outgoing, address, server)
        self._heads = heads
        self._max_body_size = max_body_size
        self._received = bytearray()
        self._looked_at = True
        """Whether it is known that there is no whole request in what was received."""
        self._head: Head | None = None
        self._body: Body

    @property
    def address(self) -> str:
        """The client's, or nothing on a Unix socket."""
        return str(self._peers.client[0]) if isinstance(self._peers.client, tuple) else ""

    @property
    def begun(self) -> bool:
        """Whether there is something of a request that isn't whole yet."""
        return bool(self._received) or self._head is not None

    @property
    def sends(self) -> bool:
        """Whether the next step is ours, when the client can take something; else the client is to send something."""
        if self.ending:
            return False
        return self.answering is not None or self.outgoing.unsent > 0 or not self._looked_at

    @property
    def held(self) -> int:
        """Bytes in memory: of a request that isn't whole yet, and of an answer that wasn't taken yet."""
        request = self._head.size + len(self._body.content) if self._head else 0
        return len(self._received) + request + self.outgoing.unsent

    def read(self) -> bool:
        """Take what has come. Whether there may be more. Raises OSError when the connection is lost."""
        try:
            data = self.socket.recv(_AT_ONCE)
        except BlockingIOError:
            return True
        if not self.ending:
            self._received += data
            self._looked_at = False
        return bool(data)

    def next_request(self) -> tuple[dict[str, Any], Answer] | None:
        """The environment and the answer to be of the next request, if it is whole. Raises RefusedError.

        One whose body is too large is given with the beginning of it, and is the last: the application may explain.
        """
        self._looked_at = True
        if self._head is None:
            self._head = self._heads.read(self._received, self._peers)
            if self._head is None:
                return None
            del self._received[: self._head.size]
            self._body = Chunks() if self._head.chunked else KnownLength(self._head.length)
        head, body = self._head, self._body
        if body.take(self._received):
            head.environ["wsgi.input"] = io.BytesIO(body.content)
        elif body.least > self._max_body_size:
            head.environ["wsgi.input"] = io.BufferedReader(_Beginning(body.content))
            head.answer.force_close()
        else:
            if head.expects_continue:
                head.expects_continue = False
                self.outgoing.sendall(_CONTINUE)
            return None
        self._head = None
        self._looked_at = not self._received
        return head.environ, head.answer

    def end(self, within: float) -> None:
        """Say that nothing more comes, and go on reading for so many seconds: else the answer could be lost.

        RFC 9112 §9.6. Raises OSError when the connection is lost.
        """
        self.ending = True
        self.deadline = time.monotonic() + within
        self._received.clear()
        self._head = None
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close it, whatever was begun. Raises what the application raises when its answer is given up."""
        self.socket.close()
        if self.answering:
            self.answering.give_up()


class BodyTooLargeError(OSError):
    """There was more of a body than a worker takes."""


class _Beginning(io.RawIOBase):
    """Of a body that is too large. Whoever reads to its end is told that there was more."""

    def __init__(self, content: bytes | bytearray) -> None:
        self._rest = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not (size := self._rest.readinto(buffer)):
            raise BodyTooLargeError("The body is larger than this server takes.")
        return size
