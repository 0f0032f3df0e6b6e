"""What may be wrong with webhooks: how their secrets are stored, and whether a worker delivers."""

from collections.abc import Iterator
from datetime import UTC, datetime

from fit_service.cli.webhooks import FEED_READ_WITHIN
from fit_service.components import Components
from fit_service.models.base import from_microseconds
from fit_service.storage.database import Database
from fit_service.storage.webhook_secrets import SecretCounts, WebhookSecrets
from shared.operations.doctor import Finding

_SAMPLE = 1_000
"""Webhooks whose secrets are looked at."""


def secret_findings(secrets: WebhookSecrets, database: Database) -> Iterator[Finding]:
    """Whether who reads the database could sign."""
    if not secrets.encrypts:
        yield Finding(
            "FIT_WEBHOOK_KEYS is not set: webhooks' signing secrets are stored as they are",
            "Make a key with `openssl rand -base64 32 | tr +/ -_`, set it, and run `webhooks encrypt-secrets`",
        )
    counts = secrets.count(database, at_most=_SAMPLE)
    if counts.unreadable:
        yield Finding(
            f"{counts.unreadable} webhooks wait: the key of their secrets is not in FIT_WEBHOOK_KEYS",
            "Put it back, last",
        )
    if secrets.encrypts and counts.plain + counts.older:
        yield Finding(
            f"{counts.plain + counts.older} webhooks' secrets are not encrypted with the first of FIT_WEBHOOK_KEYS",
            "Run `flask --app fit_service webhooks encrypt-secrets`",
        )


def worker_findings(here: Components) -> Iterator[Finding]:
    """Whether one follows the feed, where there are webhooks: that it reads shows how far behind it is."""
    there_is_none = here.webhook_secrets.count(here.database, at_most=1) == SecretCounts()
    if there_is_none or not here.settings.follow_revocations:
        return
    position = here.feed_position.read()
    age = None if position is None else (datetime.now(UTC) - from_microseconds(position[1])).total_seconds()
    if age is None or age > FEED_READ_WITHIN:
        since = "ever" if age is None else f"for {age:.0f} s"
        yield Finding(
            f"no worker has read the revocation feed {since}, so nothing is delivered and no end of consent is heard",
            "Start `flask --app fit_service webhooks deliver`; its log may say more",
        )
