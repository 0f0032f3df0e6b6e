"""A person takes all that is stored about them, or deletes their account."""

import json
import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf.csrf import CSRFError

from auth_service.models.account import Account, normalised_name
from auth_service.models.base import now
from auth_service.protocol.tokens.grant_revocation import GrantRevocation
from auth_service.storage.account_sessions import AccountSessions, SignedInBrowser
from auth_service.storage.accounts import AccountStore
from auth_service.storage.personal_data import SECTIONS, PersonalDataStore
from auth_service.storage.resource_servers import ResourceServerStore
from auth_service.web.browser_session import end_session
from auth_service.web.double_clicks import DoubleClicks, sent_form
from auth_service.web.errors import failed
from auth_service.web.forms_again import Again, is_stale
from auth_service.web.required_sign_in import account_or_sign_in, account_or_sign_in_anew, sign_in_anew

FORMAT, VERSION = "moogle-account", 1
"""Programs recognise by these what they read. A change that breaks readers has another version."""
_log = logging.getLogger(__name__)


def your_data_pages(
    accounts: AccountStore,
    sessions: AccountSessions,
    personal_data: PersonalDataStore,
    resource_servers: ResourceServerStore,
    revocation: GrantRevocation,
    double_clicks: DoubleClicks,
    grace: int,
    help_contact: str | None,
) -> Blueprint:
    """Return a blueprint with the page, the file, and the question whether the account shall be deleted.

    A deleted account can be restored for `grace` seconds, by `help_contact`.
    """
    blueprint = Blueprint("your_data", __name__)

    @blueprint.get("/account/data")
    def show() -> ResponseReturnValue:
        account = account_or_sign_in(accounts, url_for("your_data.show"))
        return render_template("your_data.html", account=account, resource_servers=resource_servers.registered())

    @blueprint.get("/account/data/download")
    def download() -> ResponseReturnValue:
        account = account_or_sign_in_anew(accounts, url_for("your_data.show"))
        living = sessions.living(account.id, account.session_epoch)  # an outage comes before the first byte
        _log.info("a person takes their data", extra={"account_id": account.id})
        response = Response(_as_json(account, living), mimetype="application/json")
        response.headers["Content-Disposition"] = f'attachment; filename="moogle-account-{now():%Y-%m-%d}.json"'
        response.headers["Cache-Control"] = "no-store"
        return response

    @blueprint.get("/account/data/delete")
    def ask() -> ResponseReturnValue:
        account = account_or_sign_in_anew(accounts, url_for("your_data.ask"))
        return _question(account)

    @blueprint.post("/account/data/delete")
    def delete() -> ResponseReturnValue:
        return double_clicks.answer(sent_form(), _delete)

    def _delete() -> ResponseReturnValue:
        account = account_or_sign_in_anew(accounts, url_for("your_data.ask"))
        if normalised_name(request.form.get("username", "")) != normalised_name(account.username):
            return _question(account, gettext("That is not your user name. Nothing was deleted.")), 422
        if not revocation.delete_account(account):
            return sign_in_anew(url_for("your_data.ask"))
        sessions.erase(account.id)
        _log.warning("a person deleted their account", extra={"account_id": account.id})
        end_session()
        return redirect(url_for("your_data.deleted"), 303)

    @blueprint.get("/account/deleted")
    def deleted() -> ResponseReturnValue:
        return render_template("account_deleted.html", days=grace // 86_400, help_contact=help_contact)

    @blueprint.errorhandler(CSRFError)
    def session_has_ended(error: CSRFError) -> ResponseReturnValue:
        """Answer a second click too: with the first one the session ended whose token the form has."""
        if (earlier := double_clicks.earlier(sent_form())) is not None:
            return earlier
        return redirect(url_for("your_data.ask", again=Again.STALE), 303) if is_stale() else failed(error)

    def _question(account: Account, problem: str | None = None) -> str:
        return render_template("delete_account.html", account=account, problem=problem, days=grace // 86_400)

    def _as_json(account: Account, living: Iterable[SignedInBrowser]) -> Iterator[str]:
        """Write a portion at a time: a history may be long."""
        head = {"format": FORMAT, "version": VERSION, "exported_at": now().isoformat()}
        yield json.dumps({**head, "account": _account(account)})[:-1]
        yield from _list("sessions", map(_session, living))
        servers = ({"name": each.name, "resource": each.resource} for each in resource_servers.registered())
        yield from _list("resource_servers", servers)
        for section in SECTIONS:
            yield from _list(section, personal_data.items(section, account.id))
        yield "\n}\n"

    return blueprint


def _list(name: str, items: Iterable[dict[str, object]] | Iterable[dict[str, str]]) -> Iterator[str]:
    yield f",\n{json.dumps(name)}: ["
    for number, item in enumerate(items):
        yield (",\n" if number else "\n") + json.dumps(item)
    yield "]"


def _account(account: Account) -> dict[str, object]:
    return {
        "sub": account.id,
        "username": account.username,
        "email": account.email,
        "email_verified": account.email_verified,
        "language": account.language,
        "created_at": account.created_at.isoformat(),
    }


def _session(browser: SignedInBrowser) -> dict[str, object]:
    since, seen_at, until = (
        at and datetime.fromtimestamp(at, UTC).isoformat()
        for at in (browser.since, browser.seen_at, browser.remembered_until)
    )
    return {
        "program": browser.program,
        "network": browser.network,
        "since": since,
        "last_seen": seen_at,
        "remembered_until": until,
    }
