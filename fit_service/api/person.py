"""A person's data need a token that stands for a person."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from flask.typing import ResponseReturnValue

from fit_service.errors import ProblemError
from shared.resource_server import ActiveToken

P = ParamSpec("P")
ProtectedView = Callable[Concatenate[ActiveToken, P], ResponseReturnValue]


def require_person(view: ProtectedView[P]) -> ProtectedView[P]:
    """Refuse a token that an app got for itself (client credentials): it belongs to nobody whose weight this is."""

    @functools.wraps(view)
    def checked(token: ActiveToken, /, *args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if not token.stands_for_a_person:
            raise ProblemError(403, "This token stands for an app, not for a person.")
        return view(token, *args, **kwargs)

    return checked
