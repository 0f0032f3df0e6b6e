"""Webhooks tell that something happened and where to look, never the data, in the form of Standard Webhooks.

Whoever is told asks the API, whose answer depends on a good token. So nothing about a person leaves without one.
"""

import json
from collections.abc import Mapping
from datetime import datetime

CREATED, UPDATED, DELETED = "body_weight.created", "body_weight.updated", "body_weight.deleted"
CONSENT_REVOKED = "consent.revoked"
"""It is the last event of a webhook: the grant that it was bound to has ended."""
DISABLED = "webhook.disabled"
"""Nothing more will come until the app enables it again."""
TEST = "webhook.test"


def payload(kind: str, webhook_id: str, occurred_at: datetime, data: Mapping[str, object]) -> str:
    """Make the body of a message, to the letter: it is signed, and repeated unchanged."""
    body = {"type": kind, "timestamp": occurred_at.isoformat(), "webhook_id": webhook_id, "data": data}
    return json.dumps(body, separators=(",", ":"))


def message_id(webhook_id: str, number: int) -> str:
    """Make the `webhook-id` header, the same at each attempt: by it a receiver knows repetitions."""
    return f"msg_{webhook_id}_{number}"
