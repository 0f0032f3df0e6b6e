"""A caller gets through to a view with a good token of a person and its scope, who does not ask too much."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from flask import Flask, request
from flask.typing import ResponseReturnValue

from fit_service.web.errors import ProblemError
from fit_service.web.parameters import refuse_unknown_parameters
from fit_service.web.quotas import ClientQuota
from shared.resource_server import ActiveToken, NotLetThroughError, TokenValidator
from shared.resource_server.resource_protector import ResourceProtector

READ, WRITE = "body_weight:read", "body_weight:write"
SCOPES = {READ: "See body weights", WRITE: "Add, change and delete body weights"}
MAX_BODY = 64 * 1024
"""A body has at most so many bytes, where a view asks for no other limit."""

S = TypeVar("S")
P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]
PersonalView = Callable[Concatenate[S, ActiveToken, P], ResponseReturnValue]


class Access:
    """Called with a scope and with what a view works on, it makes of a function of a module a view of the application.

    The function gets what it works on and the token before the variables of the address. A token that an app got for
    itself (client credentials) belongs to nobody whose weight this is.
    """

    def __init__(self, require_token: ResourceProtector, quota: ClientQuota, validator: TokenValidator) -> None:
        self._require_token = require_token
        self._quota = quota
        self._validator = validator

    def __call__(
        self, scope: str, works_on: S, *, max_body: int = MAX_BODY, if_longer: str | None = None
    ) -> Callable[[PersonalView[S, P]], View[P]]:
        """Let those with the scope through, with bodies of at most `max_body` bytes; `if_longer` says what helps."""

        def decorate(view: PersonalView[S, P]) -> View[P]:
            @functools.wraps(view)
            def admitted(token: ActiveToken, /, *args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
                self._quota.count(token)
                if not token.stands_for_a_person:
                    raise ProblemError(403, "This token stands for an app, not for a person.")
                refuse_unknown_parameters(getattr(view, "parameters", ()))
                return view(works_on, token, *args, **kwargs)

            protected = self._require_token(scope)(admitted)
            protected.scope = scope  # type: ignore[attr-defined]
            protected.max_body = max_body  # type: ignore[attr-defined]
            protected.if_longer = if_longer  # type: ignore[attr-defined]
            return protected

        return decorate

    def if_still_good(self, view: Callable[[ActiveToken], ResponseReturnValue]) -> ResponseReturnValue:
        """Answer what the view does, unless the token that this request was let through with has ended meanwhile.

        The authorization server is asked, whatever is remembered.
        """
        try:
            token = self._validator.ask_again(request.headers.get("Authorization"))
        except NotLetThroughError as refusal:
            return self._require_token.answer(refusal)
        return view(token)


def limit_bodies(app: Flask) -> None:
    """Let each request have the body that its view takes. Installed before anything that might read one."""

    @app.before_request
    def limit() -> None:
        view = app.view_functions.get(request.endpoint or "")
        request.max_content_length = getattr(view, "max_body", MAX_BODY)
