"""A forward proxy that alone knows where a server is: by CONNECT, or by requests in absolute form."""

import base64
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class SmallForwardProxy:
    """Leads whatever it is asked for to one port of this machine. Of each connection it reads the first request."""

    def __init__(self, leads_to: int) -> None:
        self._leads_to = leads_to
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.credentials: str | None = None
        """`user:password`, without which it answers 407."""
        self.refuses_with: bytes | None = None
        """What it says instead of leading anywhere."""
        self.drips = False
        """It begins an answer that never ends."""
        self.requests: list[str] = []
        """First lines."""

    @classmethod
    @contextmanager
    def running(cls, leads_to: int) -> Iterator["SmallForwardProxy"]:
        proxy = cls(leads_to)
        threading.Thread(target=proxy._accept, daemon=True).start()
        try:
            yield proxy
        finally:
            with suppress(OSError):
                proxy._listener.shutdown(socket.SHUT_RDWR)
            proxy._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with suppress(OSError), near:
            data = b""
            while b"\r\n\r\n" not in data:
                if not (received := near.recv(65_536)):
                    return None
                data += received
            head = data.decode("latin-1").partition("\r\n\r\n")[0]
            self.requests.append(head.partition("\r\n")[0])
            if self.drips:
                return _drip(near)
            if self.refuses_with is not None:
                return near.sendall(self.refuses_with)
            if self.credentials and f"\r\nProxy-Authorization: Basic {_basic(self.credentials)}" not in head:
                return near.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            with socket.create_connection(("127.0.0.1", self._leads_to)) as far:
                if head.startswith("CONNECT "):
                    near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    far.sendall(data)
                back = threading.Thread(target=_pass, args=(far, near), daemon=True)
                back.start()
                _pass(near, far)
                back.join()
        return None


def _basic(credentials: str) -> str:
    return base64.b64encode(credentials.encode()).decode()


def _drip(near: socket.socket) -> None:
    near.sendall(b"HTTP/1.1 200 OK\r\nX-Slowly: ")
    while True:
        near.sendall(b"y")
        time.sleep(0.02)


def _pass(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
