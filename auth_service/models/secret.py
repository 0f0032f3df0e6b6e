"""The secrets of clients and resource servers: how they are made and what is stored instead of them."""

import secrets
from hashlib import sha256


def new_secret() -> str:
    """256 random bits from [A-Za-z0-9_-], which Basic authentication carries the same encoded and raw."""
    return secrets.token_urlsafe(32)


def secret_digest(secret: str) -> str:
    """What is stored. A secret is 256 random bits, so a slow hash would add nothing."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
