"""`/api/body_weight/batch`: up to 500 entries in one request, each with its own result, or all or nothing."""

from datetime import UTC, datetime

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from fit_service.api.access import WRITE, Access
from fit_service.api.body_weight import json_body
from fit_service.api.description import describe
from fit_service.api.idempotency import REPEATABLE, change_once, digest
from fit_service.api.parameters import UNIT, Query, takes
from fit_service.api.schemas import one
from fit_service.body_weight_entry import NewEntry, parse_json
from fit_service.entry_batch import parse_batch
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.entry_changes import EntryChanges
from shared.resource_server import ActiveToken

MAX_BODY = 256 * 1024
"""Bytes: 500 entries, indented."""


def batch_api(access: Access, store: BodyWeightStore) -> Blueprint:
    """A blueprint with the endpoint."""
    blueprint = Blueprint("body_weight_batch", __name__, url_prefix="/api/body_weight")

    @blueprint.post("/batch")
    @access(WRITE, max_body=MAX_BODY)
    @takes(UNIT)
    @describe(REPEATABLE, sends=one("Batch"), answers=one("BatchResult"))
    def insert_batch(token: ActiveToken, query: Query) -> ResponseReturnValue:
        """Insert up to 500 entries.

        Each gets its own result; the good ones are inserted, unless it shall be all or nothing.
        """
        batch = parse_batch(parse_json(json_body()), datetime.now(UTC))

        def insert(changes: EntryChanges) -> Response:
            stored = iter(changes.insert(batch.entries))
            results: list[dict[str, object]] = [
                {"status": 201, "entry": next(stored).to_json(query[UNIT])}
                if isinstance(item, NewEntry)
                else {"status": item.status, "errors": item.errors}
                for item in batch.items
            ]
            return jsonify({"inserted": len(batch.entries), "results": results})

        return change_once(store, token, digest(request.get_data()), insert)

    return blueprint
