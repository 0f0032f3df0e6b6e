"""Refuses text that no honest request holds: bytes that are no UTF-8, over which the framework stumbles, and NUL, about
which PostgreSQL can't even be asked.
"""

from collections.abc import Iterator

from flask import Flask, abort, request
from werkzeug.datastructures import MultiDict


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
