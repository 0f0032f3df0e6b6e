"""What may be wrong with the keys that sign."""

from collections.abc import Iterator
from datetime import timedelta

from auth_service.models.base import now
from auth_service.protocol.tokens.signing_keys import SigningKeyRing
from shared.operations.doctor import Finding

_OLDEST = timedelta(days=400)


def key_findings(ring: SigningKeyRing) -> Iterator[Finding]:
    """Keys that can't be decrypted, and keys that sign for long."""
    for scheduled in ring.schedule():
        key, state = scheduled.key, scheduled.state(now())
        if state in {"waiting", "signing"} and not ring.is_readable(key):
            yield Finding(
                f"signing key {key.kid} is encrypted with a token key that is not in AUTH_TOKEN_KEYS",
                "Put that key back at the end, or accept the key that is made in its place",
            )
        if state == "signing" and now() - key.signs_from > _OLDEST:
            yield Finding(
                f"signing key {key.kid} ({key.algorithm}) signs for {(now() - key.signs_from).days} days",
                "Run `flask --app auth_service signing-key rotate`",
            )
