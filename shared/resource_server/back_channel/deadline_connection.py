"""An HTTP connection with a deadline for a whole exchange, however slowly the other side drips its bytes.

Ordinary clients limit each read; a server that sends one byte a second keeps them for hours.
"""

import io
import socket
import ssl
from collections.abc import Sequence
from http.client import HTTPConnection
from typing import Any

from ..process.clock import seconds
from .forward_proxy import ForwardProxy

Socket = socket.socket | ssl.SSLSocket
SocketAddress = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]
"""`socket.getaddrinfo` answers with such."""


_SHORTEST_ATTEMPT = 0.25
"""An address gets at least so many seconds, while there are as many (RFC 8305 §5): one far away needs them."""


class DeadlineConnection(HTTPConnection):
    """Set `deadline` (on `clock.seconds`) before each exchange; what takes longer raises TimeoutError."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None, proxy: ForwardProxy | None = None) -> None:
        """With a proxy, it leads to that: TLS then goes through a tunnel, anything else is read by the proxy."""
        super().__init__(host, port)
        self.deadline = 0.0
        self.address: SocketAddress | None = None
        self.opened_at = seconds()
        self.answered = False
        """It becomes True when anything is received."""
        self._tls = tls
        self._proxy = proxy

    def connect(self) -> None:
        """Try the addresses of the host (or the proxy), one after the other, each for its share of the time left.

        `address`, where the host still has it, comes first; afterwards it is the one that was connected to.
        """
        error: OSError = ConnectionError(f"{self.host} has no address")
        addresses = sorted(self.addresses(), key=lambda address: address != self.address)
        for number, address in enumerate(addresses):
            deadline = self.deadline
            try:
                left = self.seconds_left()
                share = max(left / (len(addresses) - number), min(left, _SHORTEST_ATTEMPT))
                self.deadline = deadline - left + share
                self.sock: Any = _DeadlineSocket(self, self._connected(address))
            except OSError as failure:
                error = failure
            else:
                self.address = address
                return
            finally:
                self.deadline = deadline
        raise error

    def _connected(self, address: SocketAddress) -> Socket:
        family, kind, protocol, _, where = address
        plain = socket.socket(family, kind, protocol)
        try:
            plain.settimeout(self.seconds_left())
            plain.connect(where)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is None:
                return plain
            if self._proxy is not None:
                self._proxy.open_tunnel(_DeadlineSocket(self, plain), self.host, self.port)
            plain.settimeout(self.seconds_left())
            return self._tls.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise

    def addresses(self) -> Sequence[SocketAddress]:
        """Return where the host (or the proxy) is, in the order in which that is tried."""
        nearest = self._proxy or self
        return socket.getaddrinfo(nearest.host, nearest.port, type=socket.SOCK_STREAM)

    def is_quiet(self) -> bool:
        """Return whether nothing has come unasked: neither the connection's end nor what would pass for an answer."""
        return self.sock is not None and self.sock.is_quiet()

    def seconds_left(self) -> float:
        """Return the time until the deadline. Raises TimeoutError when it is none."""
        left = self.deadline - seconds()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        return left


class _DeadlineSocket:
    """It is what http.client needs of a socket, with each operation limited to the time that is left."""

    def __init__(self, connection: DeadlineConnection, inner: Socket) -> None:
        self._connection = connection
        self._inner = inner
        self._readers = 0
        self._closed = False

    def sendall(self, data: bytes) -> None:
        self._inner.settimeout(self._connection.seconds_left())
        self._inner.sendall(data)

    def recv_into(self, buffer: Any) -> int:
        self._inner.settimeout(self._connection.seconds_left())
        received = self._inner.recv_into(buffer)
        self._connection.answered |= received > 0
        return received

    def is_quiet(self) -> bool:
        """See DeadlineConnection."""
        self._inner.settimeout(0)
        try:
            self._inner.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            pass
        return False

    def makefile(self, _mode: str) -> io.BufferedReader:
        self._readers += 1
        return io.BufferedReader(_Reader(self))

    def close(self) -> None:
        """After `Connection: close`, http.client closes at once and still reads the body: the last reader ends it."""
        self._closed = True
        self._end_if_unused()

    def reader_closed(self) -> None:
        self._readers -= 1
        self._end_if_unused()

    def _end_if_unused(self) -> None:
        if self._closed and self._readers == 0:
            self._inner.close()


class _Reader(io.RawIOBase):
    def __init__(self, source: _DeadlineSocket) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._source.recv_into(buffer)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._source.reader_closed()
