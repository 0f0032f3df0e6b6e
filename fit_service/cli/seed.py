"""`flask --app fit_service seed` writes sample weights, for charts and trials."""

import re
from datetime import UTC, datetime

import click
from flask.cli import with_appcontext

from fit_service.cli.command import CommandError, answering, parts
from fit_service.cli.sample_weights import sample_weights
from fit_service.storage.body_weights import BodyWeightStore

_SUBJECT = re.compile(r"acct_[A-Za-z0-9_-]{16,59}")
_WHERE_TO_FIND = "ACCOUNT is the account's `sub`: `flask --app auth_service account show USERNAME` prints it"
_HELP = f"""Write two years of sample weights, unless there are entries. {_WHERE_TO_FIND}.

For example: seed acct_0123456789abcdef
"""


@click.command("seed", help=_HELP)
@click.argument("account")
@with_appcontext
@answering
def seed_command(account: str) -> object:
    """Write sample weights for an account that never had any."""
    check_account(account)
    return {"sub": account, "inserted": _seed(parts().body_weights, account)}


def check_account(account: str) -> None:
    """Raise CommandError if this can be no account's `sub`."""
    if _SUBJECT.fullmatch(account) is None:
        raise CommandError(_WHERE_TO_FIND)


def _seed(store: BodyWeightStore, subject: str) -> int:
    """Write entries and return how many: none if this person has or had any, so that it may be repeated."""
    with store.changing(subject) as changes:
        if not changes.are_the_first():
            return 0
        return len(changes.insert(list(sample_weights(subject, datetime.now(UTC).date()))))
