"""How a message proves that it comes from us: Standard Webhooks' symmetric scheme, `v1`."""

import base64
import hmac
import secrets

PREFIX = "whsec_"


def new_secret() -> str:
    """The key of one webhook, as its app gets to see it once: 256 bits."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature_headers(secret: str, message_id: str, sent_at: int, body: bytes) -> dict[str, str]:
    """The three headers of one attempt, made at `sent_at`, in epoch seconds: an old one can't be replayed."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signature = hmac.digest(key, f"{message_id}.{sent_at}.".encode() + body, "sha256")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(sent_at),
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }
