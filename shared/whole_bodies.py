"""Refuses a request whose body ends early or is framed badly: what is missing may be what matters (RFC 9112 §8)."""

from typing import Any

from flask import Flask, request
from werkzeug.exceptions import BadRequest


def refuse_cut_bodies(app: Flask) -> None:
    """Answer 400 where fewer bytes came than Content-Length says, or bad chunks, to whatever reads the body.

    gunicorn ends the body where the connection ends, and says that this can be relied upon.
    """

    @app.before_request
    def watch() -> None:
        environ = request.environ
        if request.content_length is not None:
            environ.pop("wsgi.input_terminated", None)  # so Werkzeug counts
        elif "HTTP_TRANSFER_ENCODING" in environ:
            environ["wsgi.input"] = Chunks(environ["wsgi.input"])


class Chunks:
    """A body in chunks. Whatever the server can't read of it is the sender's mistake, not ours."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes. Raises BadRequest."""
        try:
            data: bytes = self._body.read(size)
        except Exception as error:
            raise BadRequest("The body ended early, or its chunks are malformed.") from error
        return data
