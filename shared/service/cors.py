"""Which pages of other origins may read answers with their scripts (CORS, as the Fetch standard has it). Never cookies.

What a request may do is decided without looking at its `Origin`: whoever is no browser says there what it likes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, request

_PREFLIGHT_REMEMBERED_FOR = 600
"""A browser needs not ask again for so many seconds."""

_METHODS = "GET, POST, PUT, PATCH, DELETE"
"""A script may try these. Whether an address has one, the answer says."""


@dataclass(frozen=True, slots=True)
class ScriptAccess:
    """It says what scripts of other origins may send and read. Every answer under such a rule varies by `Origin`."""

    allows: Callable[[str], bool]
    """It says whether scripts of an origin may."""
    sent: Sequence[str]
    """They may set these request headers."""
    shown: Sequence[str]
    """They may read these headers of answers, beside those that the standard lets everybody read."""

    def headers(self, origin: str, method: str) -> dict[str, str]:
        """Return what the answer to this method tells the browser; OPTIONS is its question before it sends."""
        if not self.allows(origin):
            return {}
        if method == "OPTIONS":
            return {
                "Access-Control-Allow-Origin": origin,
                "Access-Control-Allow-Methods": _METHODS,
                "Access-Control-Allow-Headers": ", ".join(self.sent),
                "Access-Control-Max-Age": str(_PREFLIGHT_REMEMBERED_FOR),
            }
        return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": ", ".join(self.shown)}


def let_scripts_read(blueprint: Blueprint, access: ScriptAccess) -> None:
    """Answer browsers that ask, at each address of the blueprint, whether a script may send and read."""

    @blueprint.after_request
    def tell(response: Response) -> Response:
        response.vary.add("Origin")
        if "Origin" in request.headers:
            response.headers.update(access.headers(request.headers["Origin"], request.method))
        return response
