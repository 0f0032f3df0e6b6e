"""A message proves by Standard Webhooks' symmetric scheme, `v1`, that it comes from us."""

import base64
import hmac
import secrets

PREFIX = "whsec_"


def new_secret() -> str:
    """Make the key of one webhook, of 256 bits, as its app gets to see it once."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature_headers(secret: str, message_id: str, sent_at: int, body: bytes) -> dict[str, str]:
    """Make the three headers of an attempt at `sent_at`, in epoch seconds, so that an old one can't be replayed."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signature = hmac.digest(key, f"{message_id}.{sent_at}.".encode() + body, "sha256")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(sent_at),
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }
