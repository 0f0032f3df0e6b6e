"""Sends to a client without waiting for it: what it doesn't take now stays here until it does."""

import socket


class ClientLostError(ConnectionError):
    """The client is gone."""


class SendBuffer:
    """The sending side of a connection, in place of its socket."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self._unsent = bytearray()

    @property
    def unsent(self) -> int:
        """Bytes that the client hasn't taken yet."""
        return len(self._unsent)

    def sendall(self, data: bytes) -> None:
        """Send what the client takes at once, and keep the rest. Raises ClientLostError."""
        if self._unsent:
            self._unsent += data
            return
        sent = self._take(data)
        if sent < len(data):
            self._unsent += memoryview(data)[sent:]

    def send(self, data: bytes) -> int:
        """As a socket's method of this name, but takes everything. Raises ClientLostError."""
        self.sendall(data)
        return len(data)

    def flush(self) -> bool:
        """Send what was kept, and say whether nothing is left. Raises ClientLostError."""
        if self._unsent:
            del self._unsent[: self._take(self._unsent)]
        return not self._unsent

    def _take(self, data: bytes | bytearray) -> int:
        try:
            return self._client.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise ClientLostError(str(error)) from error
