"""`flask --app auth_service account …`: people who can sign in, and where they are signed in."""

import sys
from datetime import UTC, datetime, timedelta

import click
from flask.cli import AppGroup

from auth_service.cli.command import RefusedError, command, listed, page_options, parts
from auth_service.models.account import Account, name_problem, normalised_email, normalised_name
from auth_service.models.base import now
from auth_service.models.language import LANGUAGES
from auth_service.models.one_time_link import LIFETIMES, LinkPurpose, link_address
from auth_service.models.password import password_problem
from auth_service.models.security_event import EventKind, SecurityEvent
from auth_service.models.smtp_server import is_email
from auth_service.storage.account_sessions import SignedInBrowser
from shared.operations.command_output import ForPeople
from shared.service.progress import saying

_DAY = int(LIFETIMES[LinkPurpose.INVITATION].total_seconds())
_LONGEST_INVITATION = 30 * _DAY

account_commands = AppGroup("account", help="People who can sign in.")


_password_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@command(account_commands, "invite")
@click.argument("username")
@click.option("--email", help="Mail the link to this address, where there is a mail server, instead of printing it.")
@click.option(
    "--expires-in",
    type=click.IntRange(60, _LONGEST_INVITATION),
    default=_DAY,
    show_default=True,
    help="Seconds for which the link is good.",
)
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    help="What is mailed to this person is written in it. Without: as they signed in last, at first in English.",
)
def invite(username: str, email: str | None, expires_in: int, language: str | None) -> object:
    """Make a link with which somebody chooses the password of this account once. Makes the account if there is none.

    For example: account invite mo --email mo@example.org --language de
    """
    username = _good_name(username)
    if email is not None and not is_email(email := normalised_email(email)):
        raise RefusedError("an e-mail address looks like mo@example.org")
    made = parts().password_links.invite(username, email, timedelta(seconds=expires_in), language)
    issuer = parts().settings.issuer
    link = None if made.token is None else link_address(issuer, LinkPurpose.INVITATION, made.token)
    how = {"mailed_to": email} if link is None else {"link": link}
    return {"username": made.account.username, "sub": made.account.id, **how, "expires_at": made.expires_at}


@command(account_commands, "create")
@click.argument("username")
@_password_stdin
def create_account(username: str, *, password_stdin: bool) -> object:
    """Create an account whose password is known already. For people: account invite.

    For example: printf %s "$PASSWORD" | flask --app auth_service account create mo --password-stdin
    """
    username = _good_name(username)
    password = _given_password(username, "account create", password_stdin=password_stdin)
    account = parts().accounts.create(username, password)
    return {"username": account.username, "sub": account.id}


@command(account_commands, "set-password")
@click.argument("username")
@_password_stdin
def set_password(username: str, *, password_stdin: bool) -> object:
    """Store another password; end the account's sessions, grants and tokens at once.

    For example: printf %s "$PASSWORD" | flask --app auth_service account set-password mo --password-stdin
    """
    account = parts().accounts.find_by_username(username)
    password = _given_password(account.username, "account set-password", password_stdin=password_stdin)
    if not parts().revocation.change_password(account, password):
        raise RefusedError("the account was disabled, or changed meanwhile: look with account show, and repeat")
    return {"username": account.username, "sub": account.id}


@command(account_commands, "list", ForPeople(("username", "sub", "enabled", "email", "created_at", "deleted_at")))
@click.option("--name-contains", default="", metavar="TEXT", help="Only those with this in their name.")
@click.option("--disabled", is_flag=True, help="Only those that can't sign in.")
@page_options("sub")
def list_accounts(name_contains: str, after: str | None, limit: int | None, *, disabled: bool) -> object:
    """Every account, or some.

    For example: account list --name-contains mo --limit 50
    """
    accounts = parts().accounts.all(after=after, name_contains=name_contains, disabled=disabled)
    return listed(accounts, limit, _account_as_json)


@command(account_commands, "show")
@click.argument("username")
def show_account(username: str) -> object:
    """Print an account's `sub`, by which resource servers know it, and whether it can sign in.

    For example: account show mo
    """
    return _account_as_json(parts().accounts.find_by_username(username))


@command(account_commands, "set-email")
@click.argument("username")
@click.argument("address", required=False)
@click.option("--verified", is_flag=True, help="You made sure that what is sent there reaches the person.")
def set_email(username: str, address: str | None, *, verified: bool) -> object:
    """Say what an account's e-mail address is; without one, that there is none. Apps see it with the scope email.

    For example: account set-email mo mo@example.org --verified
    """
    if verified and address is None:
        raise RefusedError("only an address can be verified")
    if address is not None and not is_email(address := normalised_email(address)):
        raise RefusedError("an e-mail address looks like mo@example.org")
    account = parts().accounts.find_by_username(username)
    parts().accounts.set_email(account.id, address, verified=verified)
    return _account_as_json(parts().accounts.find_by_username(username))


@command(account_commands, "reset-second-factor")
@click.argument("username")
def reset_second_factor(username: str) -> object:
    """Remove an account's authenticator app, recovery codes and passkeys: its password alone signs in again.

    For who has lost them. Make sure that it is them who asks.

    For example: account reset-second-factor mo
    """
    account = parts().accounts.find_by_username(username)
    parts().second_factor_store.reset(account.id)
    return {"username": account.username, "second_factor": False}


@command(account_commands, "renew-secrets")
def renew_secrets() -> object:
    """Encrypt the secrets of all authenticator apps under the first token key, before an older one is removed.

    For example: account renew-secrets
    """
    renewed, lost = parts().second_factor_store.renew_secrets()
    return {"renewed": renewed, "lost": lost}


@command(account_commands, "disable")
@click.argument("username")
def disable_account(username: str) -> object:
    """Refuse the account from now on; end its sessions, grants and tokens at once.

    For example: account disable mo
    """
    account = parts().accounts.find_by_username(username)
    parts().revocation.disable_account(account.id, saying("grants ended"))
    return {"username": username, "enabled": False}


@command(account_commands, "enable")
@click.argument("username")
def enable_account(username: str) -> object:
    """Let the account sign in again. What disabling ended stays ended.

    For example: account enable mo
    """
    account = parts().accounts.find_by_username(username)
    if account.deleted_at is not None:
        raise RefusedError(f"{account.username} is deleted: restore it instead")
    parts().accounts.enable(account.id)
    return {"username": username, "enabled": True}


@command(account_commands, "sessions")
@click.argument("username")
@click.option("--end", "ended", metavar="NAME", help="End the session of this name.")
@click.option("--end-all", is_flag=True, help="End every session.")
def account_sessions(username: str, *, ended: str | None, end_all: bool) -> object:
    """Print in which browsers somebody is signed in, or end that. Names are no tokens; grants of apps stay.

    For example: account sessions mo --end-all
    """
    if ended and end_all:
        raise RefusedError("end one or all")
    account, here = parts().accounts.find_by_username(username), parts()
    if end_all:
        here.accounts.sign_out_everywhere(account.id)
        return {"username": account.username, "sessions": []}
    if ended:
        if not here.account_sessions.end(account.id, ended):
            raise RefusedError(f"{account.username} has no session of this name")
        here.events.add(SecurityEvent(kind=EventKind.SESSION_ENDED, account_id=account.id))
    living = here.account_sessions.living(account.id, account.session_epoch)
    return {"username": account.username, "sessions": [_session_as_json(browser) for browser in living]}


@command(account_commands, "delete")
@click.argument("username")
def delete_account(username: str) -> object:
    """End an account's sessions and grants at once; AUTH_ACCOUNT_DELETION_GRACE seconds later it is erased.

    For example: account delete mo
    """
    account, here = parts().accounts.find_by_username(username), parts()
    if not here.revocation.delete_account(account, saying("grants ended")):
        raise RefusedError(f"{account.username} is deleted already, or was changed just now: look, and try again")
    here.account_sessions.erase(account.id)
    erased_after = now() + timedelta(seconds=here.settings.account_deletion_grace)
    return {"username": account.username, "sub": account.id, "erased_after": erased_after}


@command(account_commands, "restore")
@click.argument("username")
def restore_account(username: str) -> object:
    """Take back the deletion of an account that is not erased yet. Its sessions and grants stay ended.

    For example: account restore mo
    """
    account = parts().accounts.find_by_username(username)
    if not parts().accounts.restore(account.id):
        raise RefusedError(f"{account.username} is not deleted")
    return _account_as_json(parts().accounts.find_by_username(username))


def _session_as_json(browser: SignedInBrowser) -> dict[str, object]:
    return {
        "name": browser.name,
        "program": browser.program or None,
        "network": browser.network or None,
        "since": datetime.fromtimestamp(browser.since, UTC),
        "last_seen": datetime.fromtimestamp(browser.seen_at, UTC),
        "remembered_until": browser.remembered_until and datetime.fromtimestamp(browser.remembered_until, UTC),
    }


def _account_as_json(account: Account) -> dict[str, object]:
    return {
        "username": account.username,
        "sub": account.id,
        "enabled": account.enabled,
        "email": account.email,
        "email_verified": account.email_verified,
        "created_at": account.created_at,
        "deleted_at": account.deleted_at,
    }


def _good_name(typed: str) -> str:
    username = normalised_name(typed)
    if problem := name_problem(username):
        raise RefusedError(problem)
    return username


def _given_password(username: str, name: str, *, password_stdin: bool) -> str:
    if not password_stdin:
        raise RefusedError(
            f"no password is printed any more: use account invite {username}, which makes a link, "
            f"or give one with {name} --password-stdin"
        )
    password = sys.stdin.readline().rstrip("\n")
    if problem := password_problem(password, username):
        raise RefusedError(" ".join(problem))
    return password
