"""`flask --app auth_service signing-key list|rotate`."""

import click
from flask.cli import AppGroup

from auth_service.cli.command import RefusedError, command, parts
from auth_service.models.base import now
from auth_service.protocol.tokens.signing_keys import ALGORITHMS, RotationRefusedError, ScheduledKey

signing_key_commands = AppGroup("signing-key", help="The keys with which we sign ID tokens and introspection answers.")


@command(signing_key_commands, "list")
def list_signing_keys() -> object:
    """Every key, when it signs and is published. There are none before the first one is needed.

    For example: signing-key list
    """
    return map(_key_as_json, parts().signing_keys.schedule())


@command(signing_key_commands, "rotate")
@click.option("--algorithm", type=click.Choice(ALGORITHMS), help="Default: all.")
@click.option("--at-once", is_flag=True, help="The present keys may be known to others: replace and forget them now.")
def rotate_signing_keys(algorithm: str | None, *, at_once: bool) -> object:
    """Publish new keys now and sign with them from tomorrow on; the old ones stay published for another day.

    For example: signing-key rotate --algorithm ES256
    """
    for each in (algorithm,) if algorithm else ALGORITHMS:
        try:
            parts().signing_keys.rotate(each, at_once=at_once)
        except RotationRefusedError as refusal:
            raise RefusedError(str(refusal)) from None
    return map(_key_as_json, parts().signing_keys.schedule())


def _key_as_json(scheduled: ScheduledKey) -> dict[str, object]:
    key = scheduled.key
    return {
        "kid": key.kid,
        "algorithm": key.algorithm,
        "state": scheduled.state(now()),
        "created_at": key.created_at,
        "signs_from": key.signs_from,
        "signs_until": scheduled.signs_until,
        "published_until": scheduled.published_until,
    }
