"""What is said while more is asked than can be answered: the same as in an outage, made once and sent as it is."""

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from flask import Flask

from fit_service.web.cross_origin import script_access
from fit_service.web.errors import problem

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_DETAIL = "More is asked than can be answered at the moment. Nothing was begun; try again."


def overload_answer(app: Flask, headers: Mapping[str, str], origins: Collection[str]) -> "WSGIApplication":
    """Return a WSGI application that asks nothing.

    `headers` are those of all answers. Scripts of `origins` may read it.
    """
    with app.app_context():
        answer = problem(503, _DETAIL)
    fields, body = [*answer.headers.items(), *headers.items()], answer.get_data()
    access = script_access(origins)

    def tell(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        said = list(fields)
        if origins:
            said.append(("Vary", "Origin"))
            if origin := environ.get("HTTP_ORIGIN"):
                said += access.headers(origin, environ["REQUEST_METHOD"]).items()
        start_response("503 SERVICE UNAVAILABLE", said)
        return [body]

    return tell
