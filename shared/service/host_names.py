"""Under which names a service is called: host names have no case (RFC 9110 §4.2.3), and probes need not know any."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_FOR_PROBES = {"/health/live", "/health/ready"}


class HostNames:
    """It stands in front of a WSGI application that knows its names by heart, in lower case.

    A load balancer or a kubelet probes with whatever it has, a pod's address or, by HTTP/1.0, no name at all. What it
    asks for is the same under each name, and needs no cookie, behind which a store would be asked for a session.
    """

    def __init__(self, application: "WSGIApplication", own: str) -> None:
        self.application = application
        self._own = own

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Pass on, under the name in the form in which it is known."""
        if environ["PATH_INFO"] in _FOR_PROBES:
            environ["HTTP_HOST"] = self._own
            environ.pop("HTTP_COOKIE", None)
        elif host := environ.get("HTTP_HOST"):
            environ["HTTP_HOST"] = host.lower()
        return self.application(environ, start_response)
