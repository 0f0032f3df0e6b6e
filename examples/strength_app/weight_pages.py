"""The page with the person's weights: the chart, the list, and the form to add one."""

import re
import secrets

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from examples.strength_app.browser import (
    RANGES,
    READ,
    TRY_AGAIN,
    WRITE,
    chosen_range,
    connected,
    connection_of,
    home_address,
    shown_unit,
)
from examples.strength_app.chart import HEIGHT, WIDTH, chart_of
from examples.strength_app.connections import Connection, ConnectionStore
from examples.strength_app.entry_form import UNITS, EntryForm
from examples.strength_app.local_time import COOKIE, Zone, days_before, knows_zone, person_zone, zone_names
from examples.strength_app.moogle_fit import RefusedError, UnavailableError
from examples.strength_app.weights import Listed, Period, Weights
from shared.service.security_headers import let_scripts_run

_LATEST = 10
_A_YEAR = 365 * 86_400
_KEY = re.compile("[A-Za-z0-9_-]{16,64}")
_NOTHING = Period([], more=False, buckets=[], bucket="day")


def weight_pages(store: ConnectionStore, weights: Weights) -> Blueprint:
    """A blueprint with all of them."""
    blueprint = Blueprint("weights", __name__)

    @blueprint.get("/")
    def home() -> ResponseReturnValue:
        unit, chosen = request.args.get("unit", "kg"), request.args.get("range", "year")
        if unit not in UNITS or chosen not in RANGES:
            return redirect(url_for("weights.home"), 303)
        if connection_of(store) is None:
            return render_template("welcome.html")
        return show(EntryForm(unit=unit), chosen)

    @connected(store)
    def show(connection: Connection, form: EntryForm, chosen: str) -> ResponseReturnValue:
        let_scripts_run()
        zone, days = person_zone(), RANGES[chosen]
        since = days_before(zone.today(), days) if days else None
        unit = shown_unit(form.unit)
        period = weights.period(connection, unit, zone, since) if connection.may(READ) else _NOTHING
        page = render_template(
            "weights.html",
            **_shown(period, unit, zone),
            form=form,
            range=chosen,
            ranges=RANGES,
            shown_unit=unit,
            may_read=connection.may(READ),
            may_write=connection.may(WRITE),
            key=secrets.token_urlsafe(24),
        )
        return page, 422 if form.errors else 200

    @blueprint.post("/weights")
    @connected(store, WRITE)
    def add(connection: Connection) -> ResponseReturnValue:
        form, zone, key = EntryForm.sent(request.form), person_zone(), request.form.get("key", "")
        members = form.members(zone)
        try:
            if members is not None:
                usable = _KEY.fullmatch(key) is not None
                weights.add(connection, members, key if usable else secrets.token_urlsafe(24))
                return redirect(home_address(form.unit), 303)
        except RefusedError as refusal:
            form.add_refusal(refusal)
        except UnavailableError:
            form.errors["form"] = TRY_AGAIN
        return show(form, chosen_range())

    @blueprint.post("/zone")
    def set_zone() -> ResponseReturnValue:
        answer = redirect(url_for("weights.home"), 303)
        name = request.form.get("zone", "")
        if name in zone_names():
            answer.set_cookie(COOKIE, name, max_age=_A_YEAR, samesite="Lax")
        else:
            flash("That is no time zone. Choose one of the list, as in Europe/Berlin.")
        return answer

    return blueprint


def _shown(period: Period, unit: str, zone: Zone) -> dict[str, object]:
    """What the template shows of a period."""
    return {
        "period": period,
        "chart": chart_of(period, zone),
        "listed": Listed(period.entries[:_LATEST], unit, zone),
        "width": WIDTH,
        "height": HEIGHT,
        "units": UNITS,
        "zone": zone.name,
        "zones": zone_names(),
        "knows_zone": knows_zone(),
    }
