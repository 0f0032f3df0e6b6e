"""The app's pages. None needs JavaScript."""

from typing import Any

from authlib.integrations.base_client import OAuthError
from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from requests import RequestException

from examples.strength_app.chart import HEIGHT, WIDTH, chart_of
from examples.strength_app.connections import Connection, ConnectionStore
from examples.strength_app.moogle_fit import ConnectionEndedError, MoogleFit, RefusedError, UnavailableError
from examples.strength_app.settings import Settings

READ, WRITE = "body_weight:read", "body_weight:write"
UNITS = ("kg", "lbs")
TRY_AGAIN = "Moogle Fit can’t be reached at the moment. Your connection is fine; try again in a few seconds."
RECONNECT = "The connection to Moogle Fit has ended. Connect again to go on."


def pages(  # noqa: PLR0915 - one short function for each page
    settings: Settings, oauth: Any, store: ConnectionStore, moogle_fit: MoogleFit
) -> Blueprint:
    """A blueprint with all of them."""
    blueprint = Blueprint("pages", __name__)

    @blueprint.get("/")
    def home() -> ResponseReturnValue:
        connection = _connection()
        unit = request.args.get("unit", "kg")
        if unit not in UNITS:
            return redirect(url_for("pages.home"), 303)
        if connection is None:
            return render_template("welcome.html")
        if not connection.may(READ):
            return _weights_page(connection, [], unit)
        try:
            weights = moogle_fit.weights(connection, unit)
        except ConnectionEndedError:
            return render_template("welcome.html", notice=RECONNECT)
        except UnavailableError:
            return render_template("try_again.html", notice=TRY_AGAIN), 503, {"Retry-After": "5"}
        return _weights_page(weights.connection, weights.entries, unit)

    @blueprint.get("/connect")
    def connect() -> ResponseReturnValue:
        answer: ResponseReturnValue = oauth.moogle.authorize_redirect(f"{settings.url}/callback")
        return answer

    @blueprint.get("/callback")
    def callback() -> ResponseReturnValue:
        if request.args.get("iss") != settings.issuer:  # an answer of another server (RFC 9207 §2.4)
            return render_template("welcome.html", notice="That answer did not come from Moogle."), 400
        if request.args.get("error") == "access_denied":
            return render_template("welcome.html", notice="You did not allow access, so nothing was connected.")
        try:
            answer = oauth.moogle.authorize_access_token()
        except OAuthError:
            return render_template("welcome.html", notice="Connecting did not work. Please begin again."), 400
        except RequestException:
            return render_template("try_again.html", notice=TRY_AGAIN), 503
        _forget()
        session.clear()
        session["connection"] = store.add(answer)
        return redirect(url_for("pages.home"), 303)

    @blueprint.post("/weights")
    def add_weight() -> ResponseReturnValue:
        connection, unit = _connection(), request.form.get("unit", "")
        try:
            if connection is not None:
                moogle_fit.add(connection, request.form.get("body_weight", "").strip().replace(",", "."), unit)
        except RefusedError as refusal:
            flash(f"Moogle Fit did not accept that: {refusal}")
        except UnavailableError:
            flash(TRY_AGAIN)
        except ConnectionEndedError:
            flash(RECONNECT)
        return redirect(url_for("pages.home", unit=unit if unit in UNITS else None), 303)

    @blueprint.post("/disconnect")
    def disconnect() -> ResponseReturnValue:
        try:
            _forget()
        except UnavailableError:
            flash(TRY_AGAIN)
            return redirect(url_for("pages.home"), 303)
        session.clear()
        flash("Disconnected. This app no longer has access to your weight.")
        return redirect(url_for("pages.home"), 303)

    def _connection() -> Connection | None:
        return store.find(session.get("connection"))

    def _forget() -> None:
        """Whatever this browser was connected to before is handed back."""
        connection = _connection()
        if connection is not None:
            moogle_fit.disconnect(connection)

    return blueprint


def _weights_page(connection: Connection, entries: list[dict[str, str]], unit: str) -> str:
    return render_template(
        "weights.html",
        entries=entries,
        chart=chart_of(entries),
        width=WIDTH,
        height=HEIGHT,
        unit=unit,
        units=UNITS,
        may_read=connection.may(READ),
        may_write=connection.may(WRITE),
    )
