"""What all pages have in common: who looks at them, and what is said when Moogle can't be asked."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from flask import redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from examples.strength_app.connections import Connection, ConnectionStore
from examples.strength_app.entry_form import UNITS
from examples.strength_app.moogle_fit import ConnectionEndedError, UnavailableError

READ, WRITE = "body_weight:read", "body_weight:write"
TRY_AGAIN = "Moogle Fit can’t be reached at the moment. Your connection is fine; try again in a few seconds."
RECONNECT = "The connection to Moogle Fit has ended. Connect again to go on."

RANGES = {"month": 31, "year": 366, "all": None}
"""So many days back people can look."""

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]


def connection_of(store: ConnectionStore) -> Connection | None:
    """The connection of the browser that asks."""
    return store.find(session.get("connection"))


def connected(
    store: ConnectionStore, scope: str | None = None
) -> Callable[[Callable[Concatenate[Connection, P], ResponseReturnValue]], View[P]]:
    """Let only those in who are connected, and have allowed this; the others are led to the first page."""

    def decorate(view: Callable[Concatenate[Connection, P], ResponseReturnValue]) -> View[P]:
        @functools.wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            connection = connection_of(store)
            if connection is None or (scope is not None and not connection.may(scope)):
                return redirect(url_for("weights.home"), 303)
            try:
                return view(connection, *args, **kwargs)
            except ConnectionEndedError:
                return render_template("welcome.html", notice=RECONNECT)
            except UnavailableError:
                return unavailable()

        return guarded

    return decorate


def chosen_range() -> str:
    """How far back the person looks."""
    chosen = request.args.get("range", "year")
    return chosen if chosen in RANGES else "year"


def home_address(unit: str) -> str:
    """Where the person looked before, or else in this unit."""
    return url_for("weights.home", unit=shown_unit(unit), range=chosen_range())


def shown_unit(otherwise: str = "kg") -> str:
    """In which unit the person looks, or this one."""
    unit = request.args.get("unit", otherwise)
    return unit if unit in UNITS else "kg"


def unavailable() -> ResponseReturnValue:
    """The page that says so."""
    return render_template("try_again.html", notice=TRY_AGAIN), 503, {"Retry-After": "5"}
