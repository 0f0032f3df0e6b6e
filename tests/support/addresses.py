"""Every address of a service: those of Flask, and those that the authorization server's road for programs answers."""

import re
from collections.abc import Iterator

from flask import Flask

from auth_service.components import Components
from auth_service.routes import routes

ID = "0" * 24
"""In the place of what varies in a path: an id that nothing has."""


def addresses(app: Flask) -> Iterator[tuple[str, frozenset[str]]]:
    """Each path, with what varies in it in angle brackets, and the methods that it answers."""
    for rule in app.url_map.iter_rules():
        yield rule.rule, frozenset(rule.methods or ())
    parts = app.extensions.get("auth_service")
    if isinstance(parts, Components):
        for route in routes(parts):
            yield route.path, frozenset(route.methods)


def of_nothing(path: str) -> str:
    """The path with an id in the place of what varies in it."""
    return re.sub("<[^>]+>", ID, path)
