"""An API that only good tokens get into, under any WSGI framework: `AUTH=… SECRET=… gunicorn protected_wsgi:app`."""

import os
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from shared.resource_server import connect
from shared.resource_server.wsgi_middleware import TOKEN, TokenMiddleware

validator = connect(
    resource="https://journal.example/",
    issuer=os.environ["AUTH"],
    client_id="journal",
    client_secret=os.environ["SECRET"],
)


def journal(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Any application. It finds the token in its environment."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"the journal of {environ[TOKEN].subject}".encode()]


def required_scopes(method: str, _path: str) -> set[str]:
    """What a request needs. None would let nobody through, OPEN anybody."""
    return {"journal:read"} if method in {"GET", "HEAD"} else {"journal:write"}


app = TokenMiddleware(journal, validator, required_scopes)
