"""A person sees in a section under "Sign-in and security" where they are signed in, and signs out there."""

import logging
from datetime import UTC, datetime

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from auth_service.models.account import Account
from auth_service.models.security_event import EventKind, SecurityEvent
from auth_service.pages.security import SecurityPage, Values
from auth_service.storage.account_sessions import AccountSessions
from auth_service.storage.accounts import AccountStore
from auth_service.storage.security_events import SecurityEventStore
from auth_service.web.browser_session import end_session, go_on_alone, signed_in_account, this_session
from auth_service.web.forms_again import Again, show_again

_log = logging.getLogger(__name__)


def sessions_section(
    page: SecurityPage, accounts: AccountStore, sessions: AccountSessions, events: SecurityEventStore
) -> Blueprint:
    """Add the section to the page, and return a blueprint with its actions."""
    blueprint = Blueprint("sessions", __name__)
    show_again(blueprint, lambda: url_for("security.show", again=Again.STALE))

    def values(account: Account) -> Values:
        browsers = [
            {
                "name": browser.name,
                "is_this": browser.name == this_session(),
                "program": browser.program,
                "network": browser.network,
                "since": datetime.fromtimestamp(browser.since, UTC),
                "seen_at": datetime.fromtimestamp(browser.seen_at, UTC),
                "remembered_until": browser.remembered_until and datetime.fromtimestamp(browser.remembered_until, UTC),
            }
            for browser in sessions.living(account.id, account.session_epoch)
        ]
        return {"browsers": sorted(browsers, key=lambda browser: not browser["is_this"])}

    page.add("sessions", values)

    @blueprint.post("/account/sessions/end")
    def end() -> ResponseReturnValue:
        account = signed_in_account(accounts)
        if account is not None and sessions.end(account.id, request.form.get("name", "")):
            events.add(SecurityEvent(kind=EventKind.SESSION_ENDED, account_id=account.id))
            _log.info("a session was ended from another", extra={"account_id": account.id})
            flash(gettext("That browser is signed out."))
        return redirect(url_for("security.show", _anchor="sessions"), 303)

    @blueprint.post("/account/sessions/end-others")
    def end_others() -> ResponseReturnValue:
        account = signed_in_account(accounts)
        epoch = accounts.end_other_sessions(account) if account is not None else None
        if account is not None and epoch is not None:
            account.session_epoch = epoch
            go_on_alone(account)
            _log.info("all other sessions were ended", extra={"account_id": account.id})
            flash(gettext("Every other browser is signed out."))
        return redirect(url_for("security.show", _anchor="sessions"), 303)

    @blueprint.post("/account/sign-out-everywhere")
    def sign_out_everywhere() -> ResponseReturnValue:
        account = signed_in_account(accounts)
        if account is not None:
            accounts.sign_out_everywhere(account.id)
            _log.info("signed out everywhere", extra={"account_id": account.id})
        end_session()
        return redirect(url_for("sign_out.signed_out"), 303)

    return blueprint
