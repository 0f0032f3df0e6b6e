"""A client's connection: buffers requests until they are whole, and responses until they are taken. Never waits."""

import io
import socket
import time
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from buffering_worker.application_call import ApplicationCall
from buffering_worker.refusal import refusal
from buffering_worker.request_body import Body, Chunks, KnownLength
from buffering_worker.request_head import Head, HeadReader
from buffering_worker.response import Response
from buffering_worker.send_buffer import SendBuffer
from buffering_worker.settings import ConnectionLimits

_RECEIVED_AT_ONCE = 64 * 1024
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection:
    """One thread at a time works with it."""

    def __init__(
        self, client: socket.socket, address: Any, server: Any, heads: HeadReader, limits: ConnectionLimits
    ) -> None:
        client.setblocking(False)
        if client.family != socket.AF_UNIX:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = client
        self.send_buffer = SendBuffer(client)
        self.deadline = 0.0
        """When it is closed, by `time.monotonic()`, unless something happens before."""
        self.lingering = False
        """Nothing more is answered; the client is given a moment to read what was (RFC 9112 §9.6)."""
        self.call: ApplicationCall | None = None
        """What answers the present request, until its response is complete."""
        self._peers = heads.peers(self.send_buffer, address, server)
        self._heads = heads
        self._limits = limits
        self._received = bytearray()
        self._examined = True
        """Whether it is known that what was received holds no whole request."""
        self._head: Head | None = None
        self._body: Body

    @property
    def address(self) -> str:
        """The client's address, for the log; a Unix socket has none."""
        return str(self._peers.client[0]) if isinstance(self._peers.client, tuple) else "a Unix socket"

    @property
    def request_begun(self) -> bool:
        """Whether a part of a request is there, and not all of it."""
        return bool(self._received) or self._head is not None

    @property
    def waits_to_send(self) -> bool:
        """Whether its next step needs a client that takes something, or else one that sends something."""
        if self.lingering:
            return False
        return self.call is not None or self.send_buffer.unsent > 0 or not self._examined

    @property
    def buffered(self) -> int:
        """Bytes in memory: of a request that isn't whole yet, and of a response that wasn't taken yet."""
        request = self._head.size + len(self._body.content) if self._head else 0
        return len(self._received) + request + self.send_buffer.unsent

    def has_sent(self) -> bool:
        """Whether something has come that was not received yet, be it the end."""
        try:
            self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            pass
        return True

    def receive(self) -> bool:
        """Take what has come, and say whether more may come. Raises OSError when the connection is lost."""
        try:
            data = self.socket.recv(_RECEIVED_AT_ONCE)
        except BlockingIOError:
            return True
        if not self.lingering:
            self._received += data
            self._examined = False
        return bool(data)

    def next_request(self) -> tuple[dict[str, Any], Response] | None:
        """The environment and the response to be of the next request, if it is whole. Raises RefusedError.

        A request whose body is too large comes with the beginning of its body, and is the last of its connection: the
        application may explain.
        """
        self._examined = True
        if self._head is None:
            self._head = self._heads.read(self._received, self._peers)
            if self._head is None:
                return None
            del self._received[: self._head.size]
            self._body = Chunks() if self._head.chunked else KnownLength(self._head.length)
        head, body = self._head, self._body
        if body.take(self._received):
            head.environ["wsgi.input"] = io.BytesIO(body.content)
        elif body.least > self._limits.max_body_size:
            head.environ["wsgi.input"] = io.BufferedReader(_CutBody(body.content))
            head.response.force_close()
        else:
            if head.expects_continue:
                head.expects_continue = False
                self.send_buffer.sendall(_CONTINUE)
            return None
        self._head = None
        self._examined = not self._received
        return head.environ, head.response

    def refuse(self, status: HTTPStatus, text: str) -> None:
        """Answer without the application, if the client takes it at once."""
        with suppress(OSError):
            self.send_buffer.sendall(refusal(status, text, self._limits.refusal_headers))

    def linger(self, seconds: float) -> None:
        """Say that nothing more comes, and go on reading for a while: else the client could lose the last response.

        Raises OSError when the connection is lost.
        """
        self.lingering = True
        self.deadline = time.monotonic() + seconds
        self._received.clear()
        self._head = None
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close it, whatever has begun. Raises what the application raises when its response is given up."""
        self.socket.close()
        if self.call:
            self.call.give_up()


class BodyTooLargeError(OSError):
    """A request's body is larger than what the worker takes."""


class _CutBody(io.RawIOBase):
    """The beginning of a body that is too large. Whoever reads to its end is told that there was more."""

    def __init__(self, content: bytes | bytearray) -> None:
        self._rest = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not (size := self._rest.readinto(buffer)):
            raise BodyTooLargeError("The body is larger than this server takes.")
        return size
