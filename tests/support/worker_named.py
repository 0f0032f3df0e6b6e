"""The authorization server with the worker's process id in each answer, so that races can prove who took part."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from auth_service.wsgi import app


def _named(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        return start_response(status, [*headers, ("X-Test-Worker", str(os.getpid()))], exc_info)

    return _plain(environ, start)


_plain = app.wsgi_app
app.wsgi_app = _named  # type: ignore[method-assign]
