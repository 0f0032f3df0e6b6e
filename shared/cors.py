"""Which pages of other origins may read answers with their scripts (CORS, as the Fetch standard has it). Never cookies.

What a request may do is decided without looking at its `Origin`: whoever is no browser says there what it likes.
"""

from collections.abc import Callable, Sequence

from flask import Blueprint, Response, request

_PREFLIGHT_REMEMBERED_FOR = 600
"""Seconds for which a browser needs not ask again before it sends."""

_METHODS = "GET, POST, PUT, PATCH, DELETE"
"""That a script may try. Whether an address has one, the answer says."""


def let_scripts_read(
    blueprint: Blueprint, allows: Callable[[str], bool], *, sent: Sequence[str], shown: Sequence[str]
) -> None:
    """Answer browsers that ask, at each address of the blueprint, whether a script may send and read.

    Args:
        blueprint: those addresses and no others.
        allows: whether scripts of this origin may.
        sent: the request headers that they may set.
        shown: the headers of answers that they may read, beside those that the standard lets everybody read.
    """

    @blueprint.after_request
    def tell(response: Response) -> Response:
        response.vary.add("Origin")
        origin = request.headers.get("Origin")
        if origin is None or not allows(origin):
            return response
        response.headers["Access-Control-Allow-Origin"] = origin
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = _METHODS
            response.headers["Access-Control-Allow-Headers"] = ", ".join(sent)
            response.headers["Access-Control-Max-Age"] = str(_PREFLIGHT_REMEMBERED_FOR)
        else:
            response.headers["Access-Control-Expose-Headers"] = ", ".join(shown)
        return response
