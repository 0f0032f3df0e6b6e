"""`/api/body_weight/`: a person's body weight over time, for apps that the person allowed."""

import base64
import re
from datetime import UTC, datetime
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from fit_service.api.person import require_person
from fit_service.body_weight_entry import (
    BodyWeightEntry,
    changed_entry,
    new_entry,
    parse_json,
    parse_timestamp,
    parse_unit,
)
from fit_service.errors import ProblemError
from fit_service.storage.body_weights import BodyWeightStore, Page, Position
from shared.resource_server import ActiveToken
from shared.resource_server.resource_protector import ResourceProtector

READ, WRITE = "body_weight:read", "body_weight:write"
DEFAULT_LIMIT, MAX_LIMIT = 100, 500


def body_weight_api(require_token: ResourceProtector, store: BodyWeightStore) -> Blueprint:
    """A blueprint with the endpoints. `require_token` decides who gets through; the entry rules are elsewhere."""
    blueprint = Blueprint("body_weight", __name__, url_prefix="/api/body_weight")

    @blueprint.get("/", strict_slashes=False)
    @require_token(READ)
    @require_person
    def list_entries(token: ActiveToken) -> ResponseReturnValue:
        page, unit = _requested_page(), _requested_unit()
        entries, next_position = store.page(token.subject, page)
        answer = jsonify([entry.to_json(unit) for entry in entries])
        if next_position is not None:
            answer.headers["Link"] = f'<{_next_address(next_position)}>; rel="next"'
        return answer

    @blueprint.post("/", strict_slashes=False)
    @require_token(WRITE)
    @require_person
    def insert_entry(token: ActiveToken) -> ResponseReturnValue:
        entry = store.add(token.subject, new_entry(parse_json(_json_body()), datetime.now(UTC)))
        answer = _shown(entry)
        answer.status_code = 201
        answer.headers["Location"] = url_for("body_weight.show_entry", entry_id=entry.id)
        return answer

    @blueprint.get("/<entry_id>")
    @require_token(READ)
    @require_person
    def show_entry(token: ActiveToken, entry_id: str) -> ResponseReturnValue:
        return _shown(_found(store.find(token.subject, entry_id)))

    @blueprint.patch("/<entry_id>")
    @require_token(WRITE)
    @require_person
    def change_entry(token: ActiveToken, entry_id: str) -> ResponseReturnValue:
        fields = parse_json(_json_body())
        entry = changed_entry(_found(store.find(token.subject, entry_id)), fields)
        if not store.replace(token.subject, entry):
            raise _not_found()
        return _shown(entry)

    @blueprint.delete("/<entry_id>")
    @require_token(WRITE)
    @require_person
    def delete_entry(token: ActiveToken, entry_id: str) -> ResponseReturnValue:
        if not store.delete(token.subject, entry_id):
            raise _not_found()
        return "", 204

    return blueprint


def _shown(entry: BodyWeightEntry) -> Response:
    return jsonify(entry.to_json(_requested_unit()))


def _found(entry: BodyWeightEntry | None) -> BodyWeightEntry:
    if entry is None:
        raise _not_found()
    return entry


def _not_found() -> ProblemError:
    """The same whether nobody has the entry or somebody else has."""
    return ProblemError(404, "There is no such entry.")


def _json_body() -> bytes:
    if request.mimetype not in {"application/json", "application/merge-patch+json"}:
        raise ProblemError(415, "The body must be application/json.")
    return request.get_data()


def _requested_unit() -> str | None:
    unit = request.args.get("unit")
    return parse_unit(unit) if unit is not None else None


def _requested_page() -> Page:
    order = request.args.get("order", "asc")
    if order not in {"asc", "desc"}:
        raise ProblemError(422, "order must be asc or desc.", field="order")
    limit = request.args.get("limit", str(DEFAULT_LIMIT))
    if re.fullmatch(r"[0-9]{1,4}", limit) is None or not 1 <= int(limit) <= MAX_LIMIT:
        raise ProblemError(422, f"limit must be between 1 and {MAX_LIMIT}.", field="limit")
    start, end, cursor = (request.args.get(name) for name in ("start", "end", "cursor"))
    return Page(
        limit=int(limit),
        descending=order == "desc",
        start=parse_timestamp(start, "start") if start is not None else None,
        end=parse_timestamp(end, "end") if end is not None else None,
        after=_parse_cursor(cursor) if cursor is not None else None,
    )


def _next_address(position: Position) -> str:
    """The address of the next page: what was asked for now, with its cursor."""
    parameters = {**request.args.to_dict(), "cursor": _cursor(position)}
    return f"{url_for('body_weight.list_entries')}?{urlencode(parameters)}"


def _cursor(position: Position) -> str:
    return base64.urlsafe_b64encode(f"{position[0]}:{position[1]}".encode()).decode()


def _parse_cursor(cursor: str) -> Position:
    try:
        position = re.fullmatch(r"(-?\d{1,18}):([0-9a-f]{1,32})", base64.urlsafe_b64decode(cursor).decode("ascii"))
    except ValueError:
        position = None
    if position is None:
        raise ProblemError(422, "cursor must be one that a Link header named.", field="cursor")
    return int(position[1]), position[2]
