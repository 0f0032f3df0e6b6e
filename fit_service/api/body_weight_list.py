"""`GET /api/body_weight/` answers pages of a person's entries, or what changed since an app looked last."""

import base64
import re
from urllib.parse import urlencode

from flask import Response, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from fit_service.rules.client_record import RECORD_ID, parse_record_id
from fit_service.rules.refusals import InvalidValueError
from fit_service.rules.sync_position import BEGINNING, SyncPosition
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.entry_pages import Page, Position
from fit_service.storage.entry_reader import EntryReader
from fit_service.storage.entry_rows import shown
from fit_service.web.conditional import VERSIONED, is_known, tagged, unchanged, unless_known, version_tag
from fit_service.web.errors import ProblemError
from fit_service.web.openapi import schema_parts
from fit_service.web.openapi.description import Header, Trait, describe
from fit_service.web.openapi.entry_schemas import ENTRIES_OR_CHANGES
from fit_service.web.openapi.schema_parts import SYNC_POSITION
from fit_service.web.parameters import (
    END,
    START,
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
    "cursor", Reader(schema_parts.CURSOR, _parse_cursor), None, "Where the page begins: as a Link header named it."
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
_RECORD_ID = Reader(schema_parts.RECORD_ID, parse_record_id)
RECORD: Parameter[str | None] = Parameter(RECORD_ID, _RECORD_ID, None, "Only the entry that this app calls so itself.")
_PAGED = Trait(
    answer_headers=[
        Header("Link", 'The address of the next page, with `rel="next"` (RFC 8288), while there is one.'),
        Header("Updated-Since", "How far `updated_since` got: send it in the next request.", SYNC_POSITION),
    ]
)
NOT_WITH_UPDATED_SINCE = (ORDER, CURSOR, START, END, ZONE, RECORD)

_FORGOTTEN = "Changes since then are no longer known: begin again with updated_since=0."


@takes(UNIT, ORDER, LIMIT, CURSOR, START, END, ZONE, RECORD, UPDATED_SINCE, CHANGES)
@describe(VERSIONED, _PAGED, answers=ENTRIES_OR_CHANGES, problems={410: _FORGOTTEN})
def list_entries(store: BodyWeightStore, token: ActiveToken, query: Query) -> ResponseReturnValue:
    """List entries, or what changed.

    A page of entries, the oldest first. With `updated_since`, what changed since, in the order of the changes; an
    entry that was deleted comes as its `id` with `"deleted": true`.
    """
    if query[UPDATED_SINCE] is None:
        return _page(store, query, token)
    with store.reading(token.subject) as entries:
        tag = version_tag(token, entries.counter().last_change)
        return unless_known(tag, lambda: _changes(entries, query, token))


def _page(store: BodyWeightStore, query: Query, token: ActiveToken) -> Response:
    if request.if_none_match:
        tag = version_tag(token, store.last_change(token.subject))
        if is_known(tag):
            return unchanged(tag)
    if CHANGES.name in request.args:
        raise InvalidValueError(CHANGES.name, "changes can be given with updated_since only.")
    start, end = period(query)
    descending = query[ORDER] == "desc"
    record_id = query[RECORD]
    record = (token.client_id, record_id) if record_id is not None else None
    page = Page(limit=query[LIMIT], descending=descending, start=start, end=end, after=query[CURSOR], record=record)
    rows, next_position, last_change = store.page(token.subject, page)
    unit = query[UNIT]
    answer = jsonify([shown(row, unit, token.client_id) for row in rows])
    if next_position is not None:
        cursor = base64.urlsafe_b64encode(f"{next_position[0]}:{next_position[1]}".encode()).decode()
        _link_next(answer, CURSOR, cursor)
    return tagged(answer, version_tag(token, last_change))


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
    """Name the address of the next page (RFC 8288): what was asked for now, further on."""
    parameters = {**request.args.to_dict(), parameter.name: value}
    address = f"{url_for('body_weight.list_entries')}?{urlencode(parameters)}"
    answer.headers["Link"] = f'<{address}>; rel="next"'
