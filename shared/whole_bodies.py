"""Refuses a request whose body ends early: what is missing may be what matters (RFC 9112 §8)."""

from flask import Flask, request


def refuse_cut_bodies(app: Flask) -> None:
    """Answer 400 where fewer bytes came than Content-Length says, to whatever reads the body.

    gunicorn ends the body where the connection ends, and says that this can be relied upon.
    """

    @app.before_request
    def count() -> None:
        if request.content_length is not None:
            request.environ.pop("wsgi.input_terminated", None)  # so Werkzeug counts
