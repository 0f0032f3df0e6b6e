"""`/api/body_weight/` and each entry: list, read, insert, change, delete."""

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.routing import BaseConverter

from fit_service.rules.body_weight_entry import (
    ID,
    MEMBERS,
    BodyWeightEntry,
    changed_entry,
    new_entry,
)
from fit_service.rules.client_record import RECORD_ID, parse_record_id
from fit_service.rules.refusals import InvalidValueError, NoSuchEntryError, RefusedError, refuse_unknown
from fit_service.rules.sync_position import BEGINNING, SyncPosition
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.entry_changes import EntryChanges
from fit_service.storage.entry_operations import perform
from fit_service.storage.entry_reader import EntryReader, Page, Position
from fit_service.web.access import READ, WRITE, Access
from fit_service.web.bodies import json_members
from fit_service.web.conditional import (
    GUARDED,
    TAGGED,
    VERSIONED,
    check_preconditions,
    entry_tag,
    tagged,
    unless_known,
    version_tag,
)
from fit_service.web.errors import ProblemError
from fit_service.web.idempotency import REPEATABLE, change_once, digest
from fit_service.web.openapi import schemas
from fit_service.web.openapi.description import Header, Trait, describe
from fit_service.web.openapi.schemas import ENTRIES_OR_CHANGES, SYNC_POSITION, one
from fit_service.web.parameters import (
    END,
    MERGE,
    START,
    TWINS,
    UNIT,
    ZONE,
    Parameter,
    Query,
    Reader,
    number_up_to,
    one_of,
    period,
    takes,
)
from shared.resource_server import ActiveToken


def _parse_cursor(cursor: str, name: str) -> Position:
    try:
        position = re.fullmatch(r"(-?\d{1,18}):([0-9a-f]{1,32})", base64.urlsafe_b64decode(cursor).decode("ascii"))
    except ValueError:
        position = None
    if position is None:
        raise InvalidValueError(name, f"{name} must be one that a Link header named.")
    return int(position[1]), position[2]


def _parse_position(position: str, name: str) -> str:
    if SyncPosition.parse(position, 0) is None:
        raise InvalidValueError(name, f"{name} must be {BEGINNING} or what an Updated-Since header said.")
    return position


ORDER: Parameter[str] = Parameter("order", one_of("asc", "desc"), "asc", "The oldest or the latest first.")
LIMIT: Parameter[int] = Parameter("limit", number_up_to(500), 100, "How many entries a page holds at most.")
CURSOR: Parameter[Position | None] = Parameter(
    "cursor", Reader(schemas.CURSOR, _parse_cursor), None, "Where the page begins: as a Link header named it."
)
UPDATED_SINCE: Parameter[str | None] = Parameter(
    "updated_since",
    Reader(SYNC_POSITION, _parse_position),
    None,
    f"Only what changed since: {BEGINNING}, or what Updated-Since said.",
)
CHANGES: Parameter[str] = Parameter(
    "changes", one_of("all", "others"), "all", "With `updated_since`: `others` leaves out what this app changed itself."
)
_RECORD_ID = Reader(schemas.RECORD_ID, parse_record_id)
RECORD: Parameter[str | None] = Parameter(RECORD_ID, _RECORD_ID, None, "Only the entry that this app calls so itself.")
NEEDED_RECORD: Parameter[str] = Parameter(RECORD_ID, _RECORD_ID, "", "What this app calls it itself.", required=True)
LOCATED = Trait(
    answer_headers=[Header("Location", "Its address.", {"type": "string", "format": "uri-reference"}, always=True)]
)
"""For what was created."""
_PAGED = Trait(
    answer_headers=[
        Header("Link", 'The address of the next page, with `rel="next"` (RFC 8288), while there is one.'),
        Header("Updated-Since", "How far `updated_since` got: send it in the next request.", SYNC_POSITION),
    ]
)
NOT_WITH_UPDATED_SINCE = (ORDER, CURSOR, START, END, ZONE, RECORD)

_NONE_YET = "There is no entry yet."
_DELETED = "The record was deleted: a client_record_version above 0 brings it back."
_FORGOTTEN = "Changes since then are no longer known: begin again with updated_since=0."


class EntryIdConverter(BaseConverter):
    """What can be the id of an entry, in an address. `batch` and the like can't, so a wrong method there is a 405."""

    regex = ID


def body_weight_api(access: Access, store: BodyWeightStore) -> Blueprint:
    """A blueprint with the endpoints. `access` decides who gets through; what an entry is, is decided elsewhere."""
    blueprint = Blueprint("body_weight", __name__, url_prefix="/api/body_weight")

    @blueprint.get("/", strict_slashes=False)
    @access(READ)
    @takes(UNIT, ORDER, LIMIT, CURSOR, START, END, ZONE, RECORD, UPDATED_SINCE, CHANGES)
    @describe(VERSIONED, _PAGED, answers=ENTRIES_OR_CHANGES, problems={410: _FORGOTTEN})
    def list_entries(token: ActiveToken, query: Query) -> ResponseReturnValue:
        """List entries, or what changed.

        A page of entries, the oldest first. With `updated_since`, what changed since, in the order of the changes; an
        entry that was deleted comes as its `id` with `"deleted": true`.
        """
        listed = _page if query[UPDATED_SINCE] is None else _changes
        with store.reading(token.subject) as entries:
            tag = version_tag(token, entries.counter().last_change)
            return unless_known(tag, lambda: listed(entries, query, token))

    @blueprint.post("/", strict_slashes=False)
    @access(WRITE)
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
    def insert_entry(token: ActiveToken, query: Query) -> ResponseReturnValue:
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
            address, view = address_of(shown), f"?unit={query[UNIT]}" if query[UNIT] else ""
            answer = tagged(jsonify(body), entry_tag(token, shown, address + view))
            answer.status_code, answer.location = 201 if outcome.inserted else 200, address
            return answer

        return change_once(store, token, digest(request.get_data()), insert)

    @blueprint.delete("/", strict_slashes=False)
    @access(WRITE)
    @takes(NEEDED_RECORD)
    @describe(REPEATABLE, GUARDED, status=204, problems={404: None})
    def delete_record(token: ActiveToken, query: Query) -> ResponseReturnValue:
        """Delete the entry of one of the app's own records."""
        return deleted(token, lambda changes: changes.take_record(query[NEEDED_RECORD]))

    @blueprint.get("/latest")
    @access(READ)
    @takes(UNIT)
    @describe(VERSIONED, answers=one("Entry"), problems={404: _NONE_YET})
    def show_latest(token: ActiveToken, query: Query) -> ResponseReturnValue:
        """Read the entry of the latest instant."""
        with store.reading(token.subject) as entries:
            entry = entries.latest()
        if entry is None:
            raise ProblemError(404, _NONE_YET)
        return unless_known(entry_tag(token, entry), lambda: _shown(token, entry, query))

    @blueprint.get("/<entry_id:entry_id>")
    @access(READ)
    @takes(UNIT)
    @describe(VERSIONED, answers=one("Entry"))
    def show_entry(token: ActiveToken, query: Query, entry_id: str) -> ResponseReturnValue:
        """Read an entry."""
        with store.reading(token.subject) as entries:
            entry = _found(entries.find(entry_id))
        return unless_known(entry_tag(token, entry), lambda: _shown(token, entry, query))

    @blueprint.patch("/<entry_id:entry_id>")
    @access(WRITE)
    @takes(UNIT)
    @describe(REPEATABLE, GUARDED, TAGGED, sends=one("EntryChange"), answers=one("Entry"))
    def change_entry(token: ActiveToken, query: Query, entry_id: str) -> ResponseReturnValue:
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

    @blueprint.delete("/<entry_id:entry_id>")
    @access(WRITE)
    @describe(REPEATABLE, GUARDED, status=204)
    def delete_entry(token: ActiveToken, entry_id: str) -> ResponseReturnValue:
        """Delete an entry."""
        return deleted(token, lambda changes: changes.take(entry_id))

    def deleted(token: ActiveToken, take: Callable[[EntryChanges], BodyWeightEntry | None]) -> Response:
        def delete(changes: EntryChanges) -> Response:
            entry = _found(take(changes))
            check_preconditions(entry)
            changes.delete(entry)
            return current_app.response_class(status=204)

        return change_once(store, token, digest(b""), delete)

    return blueprint


def address_of(entry: BodyWeightEntry) -> str:
    """For `Location`."""
    return url_for("body_weight.show_entry", entry_id=entry.id)


def _page(entries: EntryReader, query: Query, token: ActiveToken) -> Response:
    if CHANGES.name in request.args:
        raise InvalidValueError(CHANGES.name, "changes can be given with updated_since only.")
    start, end = period(query)
    descending = query[ORDER] == "desc"
    record_id = query[RECORD]
    record = (token.client_id, record_id) if record_id is not None else None
    page = Page(limit=query[LIMIT], descending=descending, start=start, end=end, after=query[CURSOR], record=record)
    shown, next_position = entries.page(page)
    answer = jsonify([entry.to_json(query[UNIT], token.client_id) for entry in shown])
    if next_position is not None:
        cursor = base64.urlsafe_b64encode(f"{next_position[0]}:{next_position[1]}".encode()).decode()
        _link_next(answer, CURSOR, cursor)
    return answer


def _changes(entries: EntryReader, query: Query, token: ActiveToken) -> Response:
    for parameter in NOT_WITH_UPDATED_SINCE:
        if parameter.name in request.args:
            raise InvalidValueError(parameter.name, f"{parameter.name} can't be combined with updated_since.")
    counter = entries.counter()
    position = SyncPosition.parse(query[UPDATED_SINCE] or "", counter.last_change)
    if position is None or not position.continues(counter.last_change, counter.forgotten):
        raise ProblemError(410, _FORGOTTEN)
    but_by = token.client_id if query[CHANGES] == "others" else None
    changes, more = entries.changes_after(position.change, position.deletions, query[LIMIT], but_by)
    answer = jsonify([change.to_json(query[UNIT], token.client_id) for change in changes])
    reached = position.after(changes[-1].change if more else counter.last_change).text()
    answer.headers["Updated-Since"] = reached
    if more:
        _link_next(answer, UPDATED_SINCE, reached)
    return answer


def _link_next(answer: Response, parameter: Parameter[str | None] | Parameter[Position | None], value: str) -> None:
    """The address of the next page (RFC 8288): what was asked for now, further on."""
    parameters = {**request.args.to_dict(), parameter.name: value}
    address = f"{url_for('body_weight.list_entries')}?{urlencode(parameters)}"
    answer.headers["Link"] = f'<{address}>; rel="next"'


def _shown(token: ActiveToken, entry: BodyWeightEntry, query: Query) -> Response:
    return tagged(jsonify(entry.to_json(query[UNIT], token.client_id)), entry_tag(token, entry))


def _found(entry: BodyWeightEntry | None) -> BodyWeightEntry:
    if entry is None:
        raise NoSuchEntryError
    return entry
