"""`flask --app fit_service webhooks …` delivers what webhooks have to be told, or says whether that happens."""

from datetime import UTC, datetime

from flask.cli import AppGroup

from fit_service.cli.command import CommandError, answering, parts
from fit_service.models.base import from_microseconds
from shared.operations.log_config import log_what_nobody_catches
from shared.operations.stop_signals import set_by_stop_signals

FEED_READ_WITHIN = 180
"""A worker is healthy for so many seconds: it notes at least once a minute that it follows the feed."""

webhook_commands = AppGroup("webhooks", help="What apps are told of changes.")


@webhook_commands.command("deliver")
def deliver() -> None:
    """Deliver events until told to stop. Several processes may do so at once.

    For example: webhooks deliver
    """
    log_what_nobody_catches()
    parts().webhook_worker.run(set_by_stop_signals())


@webhook_commands.command("encrypt-secrets")
@answering
def encrypt_secrets() -> object:
    """Encrypt with the first of FIT_WEBHOOK_KEYS the signing secrets that are not, beside the service. Repeatable.

    For example: webhooks encrypt-secrets
    """
    secrets = parts().webhook_secrets
    if not secrets.encrypts:
        raise CommandError("FIT_WEBHOOK_KEYS is not set: make a key with: openssl rand -base64 32 | tr +/ -_")
    counts = secrets.count(parts().database, encrypt=True)
    if counts.unreadable:
        raise CommandError(
            f"{counts.unreadable} secrets are encrypted with a key that is not in FIT_WEBHOOK_KEYS: put it back, last. "
            f"{counts.plain + counts.older} others were encrypted"
        )
    return {"encrypted": counts.plain + counts.older, "already": counts.newest}


@webhook_commands.command("health")
@answering
def check_health() -> object:
    """Say whether a worker delivers: one has lately read in the revocation feed who still consents.

    For example: webhooks health
    """
    position = parts().feed_position.read()
    if not parts().settings.follow_revocations:  # then workers leave no trace while nothing changes
        return {"status": "the database answers"}
    if position is None:
        raise CommandError(
            "no worker has read the revocation feed yet: is one running, and the resource server registered?"
        )
    age = (datetime.now(UTC) - from_microseconds(position[1])).total_seconds()
    if age > FEED_READ_WITHIN:
        raise CommandError(
            f"no worker has read the revocation feed for {age:.0f} s: is one running? Its log may say more"
        )
    return {"status": "healthy", "consents_read_seconds_ago": round(age)}
