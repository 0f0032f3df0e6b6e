"""The OpenAPI document shows the messages that webhooks receive. Who sends them is `workers/`."""

from collections.abc import Mapping

from fit_service.rules.webhooks import events
from fit_service.rules.webhooks.status import DisabledBecause
from fit_service.storage.webhook_events import MAX_IDS
from fit_service.web.openapi.description import Header, Schema
from fit_service.web.openapi.schema_parts import ID, INSTANT

_IDS: Schema = {
    "type": "object",
    "properties": {"ids": {"type": "array", "items": ID, "minItems": 1, "maxItems": MAX_IDS}},
    "required": ["ids"],
}
_BECAUSE: Schema = {
    "type": "object",
    "properties": {"because": {"enum": [DisabledBecause.EXPIRED.value, DisabledBecause.UNVERIFIED.value]}},
    "required": ["because"],
}
_NOTHING: Schema = {"type": "object"}
_CHANGED = {"ids": ["49ab6b1d2b1c1f3fae5c3a60"]}

MESSAGES: Mapping[str, tuple[str, Schema, Mapping[str, object]]] = {
    events.CREATED: ("Entries were inserted", _IDS, _CHANGED),
    events.UPDATED: ("Entries were changed", _IDS, _CHANGED),
    events.DELETED: ("Entries were deleted", _IDS, _CHANGED),
    events.CONSENT_REVOKED: ("The grant has ended: forget the tokens. The last message", _NOTHING, {}),
    events.DISABLED: (
        "Nothing more comes until the app enables the webhook",
        _BECAUSE,
        {"because": DisabledBecause.EXPIRED.value},
    ),
    events.TEST: ("The app asked for a test message", _NOTHING, {}),
}
"""Each type says what happened, and has a schema and an example of `data`."""
HEADERS = (
    Header("webhook-id", "The same at each attempt: ignore one that you have seen.", always=True),
    Header("webhook-timestamp", "Of this attempt, in epoch seconds.", {"type": "integer"}, always=True),
    Header("webhook-signature", "`v1,` and an HMAC-SHA256, as in Standard Webhooks.", always=True),
)


def message_schema(kind: str, data: Schema) -> Schema:
    """Describe the body of a message of this type."""
    return {
        "type": "object",
        "properties": {"type": {"const": kind}, "timestamp": INSTANT, "webhook_id": ID, "data": data},
        "required": ["type", "timestamp", "webhook_id", "data"],
    }


def message_example(kind: str, data: Mapping[str, object]) -> Mapping[str, object]:
    """Show a message of this type."""
    return {
        "type": kind,
        "timestamp": "2026-01-05T06:30:00.123456+00:00",
        "webhook_id": "b1946ac92492d2347c6235b4",
        "data": data,
    }
