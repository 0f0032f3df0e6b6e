"""A service that strangers built with the kit, as gunicorn serves it. Each answer names its worker and says whether it
took memory or a question to let the call through.
"""

import os
import threading
from collections.abc import Callable, Iterable
from typing import Any

from shared.resource_server import OPEN, connect
from shared.resource_server.memory import validation_cache
from shared.resource_server.wsgi_middleware import TokenMiddleware

SETTINGS = os.environ
validation_cache.PROVEN_FOR = float(SETTINGS.get("PLANS_PROVEN_FOR", validation_cache.PROVEN_FOR))
_this_call = threading.local()


def _observe(event: str) -> None:
    _this_call.took = event


def _plans(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"plans"]


_validator = connect(
    resource=SETTINGS["PLANS_RESOURCE"],
    issuer=SETTINGS["PLANS_ISSUER"],
    client_id=SETTINGS["PLANS_CLIENT_ID"],
    client_secret=SETTINGS["PLANS_CLIENT_SECRET"],
    auth_url=SETTINGS["PLANS_AUTH_URL"],
    deadline=float(SETTINGS["PLANS_DEADLINE"]),
    observe=_observe,
)
_protected = TokenMiddleware(_plans, _validator, lambda _method, path: OPEN if path == "/health/live" else ())
if token := SETTINGS.get("PLANS_TOKEN_BEFORE_FORK"):
    _validator.validate(f"Bearer {token}")  # begins to follow the feed in the process that loads this


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The service, protected and observed."""
    _this_call.took = ""

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        named = [("X-Test-Worker", str(os.getpid())), ("X-Test-Took", _this_call.took)]
        return start_response(status, [*headers, *named], exc_info)

    return _protected(environ, start)
