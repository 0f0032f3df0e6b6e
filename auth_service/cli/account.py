"""`flask --app auth_service account create|list|show|sessions|set-email|reset-second-factor|disable|enable`."""

import secrets
import sys
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address

import click
from flask.cli import AppGroup

from auth_service.cli.command import RefusedError, command, limit_option, listed, parts
from auth_service.models.account import Account, normalised_name
from auth_service.models.password import password_problem
from auth_service.models.security_event import EventKind, SecurityEvent
from auth_service.storage.account_sessions import SignedInBrowser
from shared.service.progress import saying

_LONGEST_EMAIL = 254

account_commands = AppGroup("account", help="People who can sign in.")


@command(account_commands, "create")
@click.argument("username")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of making one.")
def create_account(username: str, *, password_stdin: bool) -> object:
    """Create an account and print its password, unless it was given."""
    username = normalised_name(username)
    if not 1 <= len(username) <= 64 or not username.isprintable():
        raise RefusedError("a user name has 1 to 64 printable characters")
    password = sys.stdin.readline().rstrip("\n") if password_stdin else secrets.token_urlsafe(12)
    if problem := password_problem(password, username):
        raise RefusedError(problem)
    account = parts().accounts.create(username, password)
    made = {} if password_stdin else {"password": password}
    return {"username": account.username, "sub": account.id, **made}


@command(account_commands, "list")
@limit_option
def list_accounts(limit: int | None) -> object:
    """Every account, an object a line."""
    return listed(parts().accounts.all(), limit, _account_as_json)


@command(account_commands, "show")
@click.argument("username")
def show_account(username: str) -> object:
    """Print an account's `sub`, by which resource servers know it, and whether it can sign in."""
    return _account_as_json(parts().accounts.find_by_username(username))


@command(account_commands, "set-email")
@click.argument("username")
@click.argument("address", required=False)
@click.option("--verified", is_flag=True, help="You made sure that what is sent there reaches the person.")
def set_email(username: str, address: str | None, *, verified: bool) -> object:
    """Say what an account's e-mail address is; without one, that there is none. Apps see it with the scope email."""
    if verified and address is None:
        raise RefusedError("only an address can be verified")
    if address is not None and not _is_email(address):
        raise RefusedError("an e-mail address looks like mo@example.org")
    account = parts().accounts.find_by_username(username)
    parts().accounts.set_email(account.id, address, verified=verified)
    return _account_as_json(parts().accounts.find_by_username(username))


@command(account_commands, "reset-second-factor")
@click.argument("username")
def reset_second_factor(username: str) -> object:
    """Remove an account's authenticator app, recovery codes and passkeys: its password alone signs in again.

    For who has lost them. Make sure that it is them who asks.
    """
    account = parts().accounts.find_by_username(username)
    parts().second_factor_store.reset(account.id)
    return {"username": account.username, "second_factor": False}


@command(account_commands, "disable")
@click.argument("username")
def disable_account(username: str) -> object:
    """Refuse the account from now on; end its sessions, grants and tokens at once."""
    account = parts().accounts.find_by_username(username)
    parts().revocation.disable_account(account.id, saying("grants ended"))
    return {"username": username, "enabled": False}


@command(account_commands, "enable")
@click.argument("username")
def enable_account(username: str) -> object:
    """Let the account sign in again. What disabling ended stays ended."""
    account = parts().accounts.find_by_username(username)
    parts().accounts.enable(account.id)
    return {"username": username, "enabled": True}


@command(account_commands, "sessions")
@click.argument("username")
@click.option("--end", "ended", metavar="NAME", help="End the session of this name.")
@click.option("--end-all", is_flag=True, help="End every session.")
def account_sessions(username: str, *, ended: str | None, end_all: bool) -> object:
    """Print in which browsers somebody is signed in, or end that. Names are no tokens; grants of apps stay."""
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


def _session_as_json(browser: SignedInBrowser) -> dict[str, object]:
    return {
        "name": browser.name,
        "program": browser.program or None,
        "network": browser.network or None,
        "since": datetime.fromtimestamp(browser.since, UTC),
        "last_seen": datetime.fromtimestamp(browser.seen_at, UTC),
    }


def _account_as_json(account: Account) -> dict[str, object]:
    return {
        "username": account.username,
        "sub": account.id,
        "enabled": account.enabled,
        "email": account.email,
        "email_verified": account.email_verified,
        "created_at": account.created_at,
    }


def _is_email(text: str) -> bool:
    """Say whether mail could be sent there (RFC 5322 §3.4.1), to a name in ASCII at a domain of the Internet."""
    try:
        address = Address(addr_spec=text)
    except (MessageError, ValueError, IndexError):
        return False
    is_plain = text.isascii() and text.isprintable() and len(text) <= _LONGEST_EMAIL and str(address) == text
    return is_plain and "." in address.domain.strip(".")
