"""Secrets of clients and resource servers are made here; a digest is stored instead, and one follows another."""

import hmac
import secrets
from datetime import datetime, timedelta

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.models.base import UtcDateTime, now
from shared.service.hashing import sha256

INITIAL_ACCESS_TOKEN, REGISTRATION_ACCESS_TOKEN, ONE_TIME_LINK = "mia_", "mra_", "mol_"
"""These tokens (RFC 7591, RFC 7592, and that of a link) begin so, that logs and secret scanners recognise them."""


def new_secret(prefix: str = "") -> str:
    """Make 256 random bits in [A-Za-z0-9_-], which Basic authentication carries the same encoded and raw."""
    return prefix + secrets.token_urlsafe(32)


def secret_digest(secret: str) -> str:
    """Return what is stored. A secret is 256 random bits, so a slow hash would add nothing."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class SecretHolder:
    """It has a secret; while a new one is rolled out, the one before it may stay valid for a time."""

    secret_digest: Mapped[str | None] = mapped_column(String(64))
    previous_secret_digest: Mapped[str | None] = mapped_column(String(64))
    previous_secret_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def check_client_secret(self, client_secret: str) -> bool:
        """Compare in constant time, and without Authlib's TypeError on a non-ASCII secret."""
        digest = secret_digest(client_secret)
        is_current = hmac.compare_digest(self.secret_digest or "", digest)
        is_previous = hmac.compare_digest(self.previous_secret_digest or "", digest)
        return is_current or (is_previous and self._previous_secret_is_valid())

    def replace_secret(self, digest: str | None, overlap: int = 0) -> None:
        """Make the secret with this digest the current one; its predecessor stays valid for `overlap` seconds."""
        if digest == self.secret_digest:
            return
        self.previous_secret_digest = self.secret_digest if overlap else None
        self.previous_secret_expires_at = now() + timedelta(seconds=overlap) if overlap else None
        self.secret_digest = digest

    def _previous_secret_is_valid(self) -> bool:
        return self.previous_secret_expires_at is not None and self.previous_secret_expires_at > now()
