"""What the proxies in front say of a request: its client's address, its scheme and its host."""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_log = logging.getLogger(__name__)


class TrustedProxies:
    """It is an application behind so many proxies, each of which adds to X-Forwarded-For. `setting` names the setting.

    Of a request with fewer values nobody knows whose it is: it counts as the nearest proxy's own. That is said once.
    """

    def __init__(self, application: "WSGIApplication", count: int, setting: str) -> None:
        self._fixed = ProxyFix(application, x_for=count, x_proto=count, x_host=count)
        self._count = count
        self._setting = setting
        self._said = False

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Let the application answer, and warn."""
        values = environ.get("HTTP_X_FORWARDED_FOR", "")
        if not self._said and values.count(",") + bool(values) < self._count:
            self._warn(environ, values)
        return self._fixed(environ, start_response)

    def _warn(self, environ: "WSGIEnvironment", values: str) -> None:
        path = environ["PATH_INFO"]
        if path.startswith("/health/") or path == "/metrics":
            return  # these are asked from inside, past the proxies
        self._said = True
        _log.warning(
            "%s is %d, and a request for %s had %d values in X-Forwarded-For: all who come this way share the address"
            " of the proxy, its throttles included. Count the proxies again, and let each add a value. If only the back"
            " channel comes past them, all is well. (This is said once.)",
            self._setting,
            self._count,
            path,
            values.count(",") + bool(values),
        )
