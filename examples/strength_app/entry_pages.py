"""The list of all weighings, and the pages of one: change it, delete it, unless it was changed elsewhere meanwhile."""

import re

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from examples.strength_app.browser import READ, TRY_AGAIN, WRITE, chosen_range, connected, home_address, shown_unit
from examples.strength_app.connections import Connection, ConnectionStore
from examples.strength_app.entry_form import UNITS, EntryForm
from examples.strength_app.local_time import person_zone
from examples.strength_app.moogle_fit import RefusedError, UnavailableError
from examples.strength_app.weights import Entry, Listed, Weights

_ID = re.compile("[0-9a-f]{1,32}")


def entry_pages(store: ConnectionStore, weights: Weights) -> Blueprint:
    """A blueprint with all of them."""
    blueprint = Blueprint("entry", __name__, url_prefix="/weights")

    @blueprint.get("")
    @connected(store, READ)
    def listed(connection: Connection) -> ResponseReturnValue:
        zone, unit = person_zone(), shown_unit()
        try:
            entries, older = weights.page(connection, unit, request.args.get("cursor"))
        except RefusedError as refusal:
            abort(404, description=str(refusal))
        table, may_write = Listed(entries, unit, zone), connection.may(WRITE)
        return render_template("list.html", listed=table, zone=zone.name, older=older, may_write=may_write, range="all")

    @blueprint.get("/<entry_id>")
    @connected(store, WRITE)
    def edit(connection: Connection, entry_id: str) -> ResponseReturnValue:
        entry = _found(connection, entry_id)
        return _entry_page(entry, EntryForm.of(entry, person_zone()))

    @blueprint.post("/<entry_id>")
    @connected(store, WRITE)
    def change(connection: Connection, entry_id: str) -> ResponseReturnValue:
        entry, zone = _found(connection, entry_id), person_zone()
        form, before = EntryForm.sent(request.form), EntryForm.of(entry, zone)
        members = form.members(zone, before)
        try:
            if members is not None:
                weights.change(connection, entry_id, request.form.get("version", ""), members)
                flash("The weighing was changed.")
                return redirect(home_address(form.unit), 303)
        except RefusedError as refusal:
            form.add_refusal(refusal)
        except UnavailableError:
            form.errors["form"] = TRY_AGAIN
        return _entry_page({**entry, "version": request.form.get("version", "")}, form), 422

    @blueprint.post("/<entry_id>/delete")
    @connected(store, WRITE)
    def delete(connection: Connection, entry_id: str) -> ResponseReturnValue:
        entry = _found(connection, entry_id)
        try:
            weights.delete(connection, entry_id, request.form.get("version", ""))
        except RefusedError as refusal:
            form = EntryForm.of(entry, person_zone())
            form.add_refusal(refusal)
            return _entry_page(entry, form), 422
        flash(f"{entry['body_weight']} {entry['unit']} was deleted.")
        return redirect(home_address(entry["unit"]), 303)

    def _found(connection: Connection, entry_id: str) -> Entry:
        try:
            return weights.find(connection, entry_id if _ID.fullmatch(entry_id) else "0")
        except RefusedError as refusal:
            abort(404, description=str(refusal))

    return blueprint


def _entry_page(entry: Entry, form: EntryForm) -> str:
    zone = person_zone()
    return render_template("entry.html", entry=entry, form=form, zone=zone.name, units=UNITS, range=chosen_range())
