"""`/api/body_weight/batch` takes up to 500 operations, each with its own result, or all or nothing."""

from datetime import UTC, datetime

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from fit_service.rules.entry_batch import parse_batch, refuse_some
from fit_service.rules.insertion import Outcome
from fit_service.rules.refusals import RefusedError
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.entry_changes import EntryChanges
from fit_service.storage.entry_operations import perform
from fit_service.web.access import WRITE, Access
from fit_service.web.bodies import json_members
from fit_service.web.errors import shown_faults, status_of
from fit_service.web.idempotency import REPEATABLE, change_once, digest
from fit_service.web.openapi.description import describe
from fit_service.web.openapi.schema_parts import one
from fit_service.web.parameters import MERGE, TWINS, UNIT, Query, takes
from shared.resource_server import ActiveToken

MAX_BODY = 256 * 1024
"""So many bytes hold 500 entries, indented."""


def batch_api(access: Access, store: BodyWeightStore) -> Blueprint:
    """Make the blueprint: what is where, and which scope it needs."""
    blueprint = Blueprint("body_weight_batch", __name__, url_prefix="/api/body_weight")
    blueprint.post("/batch")(access(WRITE, store, max_body=MAX_BODY)(insert_batch))
    return blueprint


@takes(UNIT, TWINS)
@describe(REPEATABLE, sends=one("Batch"), answers=one("BatchResult"))
def insert_batch(store: BodyWeightStore, token: ActiveToken, query: Query) -> ResponseReturnValue:
    """Insert, change and delete up to 500 entries.

    They are done in their order, each as if it had come alone, and everybody else sees all of it at once. Each gets
    its own result, with `warnings` where something looks odd; the good ones are done, unless it shall be all or
    nothing. With `twins=merge`, an entry that is likely the same weighing as one that is stored, or as an earlier
    one of the batch, is not inserted: its result is 200 and that one.
    """
    batch = parse_batch(json_members(), datetime.now(UTC), token.client_id)

    def insert(changes: EntryChanges) -> Response:
        performed = iter(perform(changes, batch.operations, merge_twins=query[TWINS] == MERGE))
        outcomes = [item if isinstance(item, RefusedError) else next(performed) for item in batch.items]
        if batch.all_or_nothing:
            refuse_some(outcomes)
        results = [_result(outcome, query[UNIT], token.client_id) for outcome in outcomes]
        inserted = sum(result["status"] == 201 for result in results)
        return jsonify({"inserted": inserted, "results": results})

    return change_once(store, token, digest(request.get_data()), insert)


def _result(outcome: Outcome | RefusedError, unit: str | None, client_id: str) -> dict[str, object]:
    if isinstance(outcome, RefusedError):
        return {"status": status_of(outcome), "errors": shown_faults(outcome.faults)}
    if outcome.deleted:
        return {"status": 204}
    assert outcome.shown is not None
    warnings = [warning.to_json() for warning in outcome.warnings]
    result = {"status": 201 if outcome.inserted else 200, "entry": outcome.shown.to_json(unit, client_id)}
    return {**result, **({"warnings": warnings} if warnings else {})}
