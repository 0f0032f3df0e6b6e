"""Describes webhooks as their apps see them, in JSON Schema. What is sent to them is `webhook_messages.py`."""

from collections.abc import Mapping

from fit_service.rules.webhooks.status import DisabledBecause, Status
from fit_service.web.openapi.description import Content, Schema
from fit_service.web.openapi.schema_parts import (
    EXAMPLE_INSTANT,
    ID,
    INSTANT,
    INSTANT_OR_NULL,
    NO_OTHERS,
    array_of,
    object_of,
    ref,
)
from shared.outbound.destination import MAX_LENGTH

_WEBHOOK: Mapping[str, Schema] = {
    "id": ID,
    "url": {"type": "string"},
    "own_changes": {"type": "boolean", "description": "Whether it is also told of what its own app changed."},
    "status": {"type": "string", "enum": [Status.ACTIVE.value, Status.DISABLED.value]},
    "disabled_because": {"enum": [*(each.value for each in DisabledBecause), None]},
    "created_at": INSTANT,
    "expires_at": {**INSTANT, "description": "Renew it before: it is disabled then."},
    "waiting": {"type": "integer", "minimum": 0, "description": "Messages that are not delivered yet."},
    "failing_since": INSTANT_OR_NULL,
    "last_failure": {"type": ["string", "null"]},
}
_WEBHOOK_EXAMPLE = {
    "id": "b1946ac92492d2347c6235b4",
    "url": "https://app.example/hooks/moogle?user=7",
    "own_changes": True,
    "status": Status.ACTIVE.value,
    "disabled_because": None,
    "created_at": EXAMPLE_INSTANT,
    "expires_at": "2026-02-04T06:30:00+00:00",
    "waiting": 0,
    "failing_since": None,
    "last_failure": None,
}

WEBHOOK_SCHEMAS: Mapping[str, Schema] = {
    "Webhook": object_of(_WEBHOOK, _WEBHOOK_EXAMPLE),
    "RegisteredWebhook": object_of(
        {**_WEBHOOK, "secret": {"type": "string", "pattern": "^whsec_"}},
        {**_WEBHOOK_EXAMPLE, "secret": "whsec_x+x8zPZC3lMTbnMVRvHKm7u7Gyrgmpq6kPLyM3FMDCw="},
    ),
    "NewWebhook": object_of(
        {
            "url": {"type": "string", "maxLength": MAX_LENGTH, "description": "https, of a public address."},
            "own_changes": {"type": "boolean", "default": True},
        },
        {"url": _WEBHOOK_EXAMPLE["url"]},
        optional=("own_changes",),
        **NO_OTHERS,
    ),
    "WebhookChange": object_of(
        {"status": {"const": Status.ACTIVE.value}}, {"status": Status.ACTIVE.value}, **NO_OTHERS
    ),
    "SentTest": object_of({"message_id": {"type": "string"}}, {"message_id": f"msg_{_WEBHOOK_EXAMPLE['id']}_1"}),
}

WEBHOOKS = (Content(array_of(ref("Webhook"))),)
