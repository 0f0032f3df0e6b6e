"""Requests that no honest client sends are refused before a view sees them.

Of a body that ends early or is framed badly, what is missing may be what matters (RFC 9112 §8). Text that is no UTF-8
makes the framework stumble, and about text with NUL PostgreSQL can't even be asked.
"""

from collections.abc import Iterator
from typing import Any

from flask import Flask, abort, request
from werkzeug.datastructures import MultiDict
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
            environ["wsgi.input"] = ChunkedBody(environ["wsgi.input"])


class ChunkedBody:
    """It is a body in chunks. Whatever the server can't read of it is the sender's mistake, not ours."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes. Raises BadRequest."""
        try:
            data: bytes = self._body.read(size)
        except Exception as error:
            raise BadRequest("The body ended early, or its chunks are malformed.") from error
        return data


def refuse_unreadable_text(app: Flask) -> None:
    """Answer 400 to a request with such text in its path, its query or its form, before anything reads them."""

    @app.before_request
    def refuse() -> None:
        try:
            request.query_string.decode()
        except UnicodeDecodeError:
            abort(400, "The address holds bytes that are no UTF-8.")
        for text in (request.path, *_texts(request.args), *_texts(request.form)):
            if "\0" in text:
                abort(400, "The request holds a NUL character.")


def _texts(parameters: MultiDict[str, str]) -> Iterator[str]:
    for name, value in parameters.items(multi=True):
        yield name
        yield value
