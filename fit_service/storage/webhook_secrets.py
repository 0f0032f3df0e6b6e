"""The signing secrets of webhooks: as they are needed to sign, no digest will do; encrypted where there are keys."""

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import select

from fit_service.models.webhooks import Webhook
from fit_service.rules.refusals import RefusedError
from fit_service.rules.webhooks.signature import PREFIX
from fit_service.storage.database import Database
from shared.service.key_wrapping import KeyWrapping

_AT_ONCE = 500
"""Rows of one transaction."""


class SecretUnreadableError(RefusedError):
    """The key that a secret is encrypted with is not in the ring."""

    sentence = "The service can't read the webhook's secret at the moment; try again."


@dataclass(frozen=True, slots=True)
class SecretCounts:
    """How the secrets are stored."""

    plain: int = 0
    older: int = 0
    """Encrypted with another key of the ring than the first."""
    newest: int = 0
    unreadable: int = 0
    """Encrypted with a key that is not in the ring."""


class WebhookSecrets:
    """Encrypts with the first of `FIT_WEBHOOK_KEYS` and reads what any encrypted. Without keys, secrets stay plain."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._wrapping = KeyWrapping([_wrapping_key(key) for key in keys]) if keys else None

    @property
    def encrypts(self) -> bool:
        """Whether there are keys."""
        return self._wrapping is not None

    def to_store(self, secret: str) -> str:
        """What the column holds."""
        return self._wrapping.wrap(secret.encode()) if self._wrapping else secret

    def read(self, stored: str) -> str:
        """The secret. Raises SecretUnreadableError."""
        if stored.startswith(PREFIX):
            return stored
        secret = self._wrapping.unwrap(stored) if self._wrapping else None
        if secret is None:
            raise SecretUnreadableError
        return secret.decode()

    def count(self, database: Database, *, encrypt: bool = False, at_most: int | None = None) -> SecretCounts:
        """How the secrets of `at_most` so many webhooks are stored; or were, before this did `encrypt` them with the
        first key.

        What is unreadable stays. May run beside the service, and again.
        """
        counts, last = dict.fromkeys(SecretCounts.__dataclass_fields__, 0), ""
        while True:
            with database.writing() if encrypt else database.reading() as session:
                rows = select(Webhook).where(Webhook.id > last).order_by(Webhook.id).limit(_AT_ONCE)
                webhooks = session.scalars(rows.with_for_update() if encrypt else rows).all()
                for webhook in webhooks:
                    state = self._state(webhook.secret)
                    counts[state] += 1
                    if encrypt and state in {"plain", "older"}:
                        webhook.secret = self.to_store(self.read(webhook.secret))
            if not webhooks or (at_most is not None and sum(counts.values()) >= at_most):
                return SecretCounts(**counts)
            last = webhooks[-1].id

    def _state(self, stored: str) -> str:
        if stored.startswith(PREFIX):
            return "plain"
        if self._wrapping is None or self._wrapping.unwrap(stored) is None:
            return "unreadable"
        return "newest" if self._wrapping.is_newest(stored) else "older"


def _wrapping_key(material: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"moogle webhook secrets").derive(material)
