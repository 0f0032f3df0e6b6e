"""What the worker answers without asking the application: a line of text with the service's usual headers."""

from collections.abc import Mapping
from email.utils import formatdate
from http import HTTPStatus


class RefusedError(Exception):
    """The request is refused, and no application sees it."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


def malformed(text: str) -> RefusedError:
    """The error about a request that isn't HTTP as RFC 9112 has it."""
    return RefusedError(HTTPStatus.BAD_REQUEST, text)


def refusal(status: HTTPStatus, text: str, headers: Mapping[str, str]) -> bytes:
    """The whole answer. The connection ends with it."""
    body = f"{text}\n".encode("latin-1", "replace")
    fields = {
        "Date": formatdate(usegmt=True),
        "Connection": "close",
        "Content-Type": "text/plain; charset=iso-8859-1",
        "Content-Length": str(len(body)),
        **headers,
    }
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        *(f"{name}: {value}" for name, value in fields.items()),
        "\r\n",
    ]
    return "\r\n".join(lines).encode("latin-1") + body
