"""The pages by which a person connects Moogle Fit, and disconnects it. None needs JavaScript."""

from typing import Any

from authlib.integrations.base_client import OAuthError
from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from requests import RequestException

from examples.strength_app.browser import TRY_AGAIN, connection_of
from examples.strength_app.connections import ConnectionStore
from examples.strength_app.import_files import ImportFiles
from examples.strength_app.moogle_fit import MoogleFit, UnavailableError
from examples.strength_app.settings import Settings


def connection_pages(
    settings: Settings, oauth: Any, store: ConnectionStore, moogle_fit: MoogleFit, files: ImportFiles
) -> Blueprint:
    """A blueprint with all of them."""
    blueprint = Blueprint("connection", __name__)

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
        return redirect(url_for("weights.home"), 303)

    @blueprint.post("/disconnect")
    def disconnect() -> ResponseReturnValue:
        try:
            _forget()
        except UnavailableError:
            flash(TRY_AGAIN)
            return redirect(url_for("weights.home"), 303)
        session.clear()
        flash("Disconnected. This app no longer has access to your weight.")
        return redirect(url_for("weights.home"), 303)

    def _forget() -> None:
        """Whatever this browser was connected to before is handed back."""
        connection = connection_of(store)
        if connection is not None:
            moogle_fit.disconnect(connection)
            files.forget_all_of(connection.id)

    return blueprint
