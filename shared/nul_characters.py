"""Refuses text that holds a NUL character: no honest request does, and PostgreSQL can't even be asked about it."""

from collections.abc import Iterator

from flask import Flask, abort, request
from werkzeug.datastructures import MultiDict


def refuse_nul_characters(app: Flask) -> None:
    """Answer 400 to a request with one in its path, its query or its form, before anything reads them."""

    @app.before_request
    def refuse() -> None:
        for text in (request.path, *_texts(request.args), *_texts(request.form)):
            if "\0" in text:
                abort(400, "The request holds a NUL character.")


def _texts(parameters: MultiDict[str, str]) -> Iterator[str]:
    for name, value in parameters.items(multi=True):
        yield name
        yield value
