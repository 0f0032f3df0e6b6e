"""At `/api/body_weight/` entries are inserted, and each is read, changed and deleted at its own address."""

from collections.abc import Callable
from datetime import UTC, datetime

from flask import Blueprint, Response, current_app, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.routing import BaseConverter

from fit_service.api.body_weight_list import list_entries
from fit_service.rules.body_weight_entry import ID, MEMBERS, BodyWeightEntry, changed_entry, new_entry
from fit_service.rules.client_record import RECORD_ID, parse_record_id
from fit_service.rules.refusals import NoSuchEntryError, RefusedError, refuse_unknown
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.entry_changes import EntryChanges
from fit_service.storage.entry_operations import perform
from fit_service.web.access import READ, WRITE, Access
from fit_service.web.bodies import json_members
from fit_service.web.conditional import GUARDED, TAGGED, VERSIONED, check_preconditions, entry_tag, tagged, unless_known
from fit_service.web.errors import ProblemError
from fit_service.web.idempotency import REPEATABLE, change_once, digest
from fit_service.web.openapi import schema_parts
from fit_service.web.openapi.description import LOCATED, describe
from fit_service.web.openapi.schema_parts import one
from fit_service.web.parameters import MERGE, TWINS, UNIT, Parameter, Query, Reader, takes
from shared.resource_server import ActiveToken

NEEDED_RECORD: Parameter[str] = Parameter(
    RECORD_ID, Reader(schema_parts.RECORD_ID, parse_record_id), "", "What this app calls it itself.", required=True
)

_NONE_YET = "There is no entry yet."
_DELETED = "The record was deleted: a client_record_version above 0 brings it back."


class EntryIdConverter(BaseConverter):
    """It matches what can be the id of an entry. `batch` and the like can't, so a wrong method there is a 405."""

    regex = ID


def body_weight_api(access: Access, store: BodyWeightStore) -> Blueprint:
    """Make the blueprint: what is where, and which scope it needs."""
    blueprint = Blueprint("body_weight", __name__, url_prefix="/api/body_weight")
    blueprint.get("/", strict_slashes=False)(access(READ, store)(list_entries))
    blueprint.post("/", strict_slashes=False)(access(WRITE, store)(insert_entry))
    blueprint.delete("/", strict_slashes=False)(access(WRITE, store)(delete_record))
    blueprint.get("/latest")(access(READ, store)(show_latest))
    blueprint.get("/<entry_id:entry_id>")(access(READ, store)(show_entry))
    blueprint.patch("/<entry_id:entry_id>")(access(WRITE, store)(change_entry))
    blueprint.delete("/<entry_id:entry_id>")(access(WRITE, store)(delete_entry))
    return blueprint


@takes(UNIT, TWINS)
@describe(
    REPEATABLE,
    TAGGED,
    LOCATED,
    sends=one("NewEntry"),
    answers=one("InsertedEntry"),
    status=201,
    also=(200,),
    problems={410: _DELETED},
)
def insert_entry(store: BodyWeightStore, token: ActiveToken, query: Query) -> ResponseReturnValue:
    """Insert an entry, or replace the one of the app's own record.

    With a `client_record_id` that the app has used before, a higher `client_record_version` replaces what the entry
    says, and one that is not higher changes nothing: 200 and what is stored. What looks odd is told in `warnings`.
    With `twins=merge`, an entry that is likely the same weighing as one that is stored is not inserted: 200 and the
    stored one.
    """
    fields, now = json_members(), datetime.now(UTC)
    refuse_unknown(fields, MEMBERS)
    entry = new_entry(fields, now, otherwise=now, client_id=token.client_id)

    def insert(changes: EntryChanges) -> Response:
        [outcome] = perform(changes, [entry], merge_twins=query[TWINS] == MERGE)
        if isinstance(outcome, RefusedError):
            raise outcome
        assert outcome.shown is not None
        shown, warnings = outcome.shown, [warning.to_json() for warning in outcome.warnings]
        body = {**shown.to_json(query[UNIT], token.client_id), **({"warnings": warnings} if warnings else {})}
        address, view = _address_of(shown), f"?unit={query[UNIT]}" if query[UNIT] else ""
        answer = tagged(jsonify(body), entry_tag(token, shown, address + view))
        answer.status_code, answer.location = 201 if outcome.inserted else 200, address
        return answer

    return change_once(store, token, digest(request.get_data()), insert)


@takes(NEEDED_RECORD)
@describe(REPEATABLE, GUARDED, status=204, problems={404: None})
def delete_record(store: BodyWeightStore, token: ActiveToken, query: Query) -> ResponseReturnValue:
    """Delete the entry of one of the app's own records."""
    return _deleted(store, token, lambda changes: changes.take_record(query[NEEDED_RECORD]))


@takes(UNIT)
@describe(VERSIONED, answers=one("Entry"), problems={404: _NONE_YET})
def show_latest(store: BodyWeightStore, token: ActiveToken, query: Query) -> ResponseReturnValue:
    """Read the entry of the latest instant."""
    entry = store.latest(token.subject)
    if entry is None:
        raise ProblemError(404, _NONE_YET)
    return unless_known(entry_tag(token, entry), lambda: _shown(token, entry, query))


@takes(UNIT)
@describe(VERSIONED, answers=one("Entry"))
def show_entry(store: BodyWeightStore, token: ActiveToken, query: Query, entry_id: str) -> ResponseReturnValue:
    """Read an entry."""
    entry = _found(store.find(token.subject, entry_id))
    return unless_known(entry_tag(token, entry), lambda: _shown(token, entry, query))


@takes(UNIT)
@describe(REPEATABLE, GUARDED, TAGGED, sends=one("EntryChange"), answers=one("Entry"))
def change_entry(store: BodyWeightStore, token: ActiveToken, query: Query, entry_id: str) -> ResponseReturnValue:
    """Change an entry: replace the members that are sent (RFC 7396).

    A change after which nothing is different is none: the version stays, and nobody is told.
    """
    fields = json_members()

    def change(changes: EntryChanges) -> Response:
        entry = _found(changes.take(entry_id))
        check_preconditions(entry)
        changed = changed_entry(entry, fields, datetime.now(UTC), token.client_id)
        return _shown(token, changes.replace(entry, changed), query)

    return change_once(store, token, digest(request.get_data()), change)


@describe(REPEATABLE, GUARDED, status=204)
def delete_entry(store: BodyWeightStore, token: ActiveToken, entry_id: str) -> ResponseReturnValue:
    """Delete an entry."""
    return _deleted(store, token, lambda changes: changes.take(entry_id))


def _deleted(
    store: BodyWeightStore, token: ActiveToken, take: Callable[[EntryChanges], BodyWeightEntry | None]
) -> Response:
    def delete(changes: EntryChanges) -> Response:
        entry = _found(take(changes))
        check_preconditions(entry)
        changes.delete(entry)
        return current_app.response_class(status=204)

    return change_once(store, token, digest(b""), delete)


def _address_of(entry: BodyWeightEntry) -> str:
    return url_for("body_weight.show_entry", entry_id=entry.id)


def _shown(token: ActiveToken, entry: BodyWeightEntry, query: Query) -> Response:
    return tagged(jsonify(entry.to_json(query[UNIT], token.client_id)), entry_tag(token, entry))


def _found(entry: BodyWeightEntry | None) -> BodyWeightEntry:
    if entry is None:
        raise NoSuchEntryError
    return entry
