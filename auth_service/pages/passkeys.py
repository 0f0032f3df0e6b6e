"""People add passkeys in a section under "Sign-in and security", call them something else, and remove them."""

import re
import unicodedata

from flask import Blueprint, abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.exceptions import TooManyRequests

from auth_service.models.acting import acting
from auth_service.models.caller import program_of
from auth_service.models.factor import LONGEST_NAME, MOST_PASSKEYS
from auth_service.pages.security import SecurityPage
from auth_service.protocol.factors.passkeys import Passkeys
from auth_service.storage.accounts import AccountStore
from auth_service.storage.errors import AlreadyExistsError
from auth_service.storage.passkeys import PasskeyStore
from auth_service.storage.second_factors import SecondFactorStore
from auth_service.storage.throttle import Throttle
from auth_service.web.browser_session import browser_binding, signed_in_account
from auth_service.web.forms_again import Again, show_again
from auth_service.web.required_sign_in import account_that_may_change_factors
from shared.service.security_headers import let_scripts_run

_ID = re.compile("[0-9]{1,9}")


def passkeys_section(
    page: SecurityPage,
    accounts: AccountStore,
    passkeys: Passkeys,
    store: PasskeyStore,
    factors: SecondFactorStore,
    throttle: Throttle,
) -> Blueprint:
    """Add the section to the page, and return a blueprint with its actions."""
    blueprint = Blueprint("passkeys", __name__)
    show_again(blueprint, lambda: url_for("security.show", again=Again.STALE))
    page.add("passkeys", lambda account: {"are_possible": passkeys.are_possible, "all": store.of(account.id)})

    @blueprint.get("/account/passkeys/add")
    def show() -> ResponseReturnValue:
        account = account_that_may_change_factors(accounts, factors, url_for("passkeys.show"))
        let_scripts_run(asking=True)
        name = program_of(acting().user_agent) or ""
        is_full = len(store.of(account.id)) >= MOST_PASSKEYS
        return render_template("add_passkey.html", account=account, name=name[:LONGEST_NAME], is_full=is_full)

    @blueprint.post("/account/passkeys/options")
    def ask() -> ResponseReturnValue:
        account = account_that_may_change_factors(accounts, factors, url_for("passkeys.show"))
        if wait := throttle.passkey_challenge(request.remote_addr or ""):
            raise TooManyRequests(retry_after=wait)
        return jsonify(passkeys.ask_to_add(account, browser_binding()))

    @blueprint.post("/account/passkeys/add")
    def add() -> ResponseReturnValue:
        account = account_that_may_change_factors(accounts, factors, url_for("passkeys.show"))
        name, answer = _typed_name(), request.form.get("answer", "")
        try:
            added = name is not None and passkeys.add(account, browser_binding(), answer, name)
        except AlreadyExistsError:
            added = False
        if not added:
            return redirect(url_for("passkeys.show", again=Again.PASSKEY_NOT_ADDED), 303)
        flash(gettext("You can sign in with your new passkey from now on."))
        return redirect(url_for("security.show"), 303)

    @blueprint.post("/account/passkeys/rename")
    def rename() -> ResponseReturnValue:
        account, passkey_id, name = signed_in_account(accounts), _passkey_id(), _typed_name()
        if account is not None and name is not None:
            store.rename(account.id, passkey_id, name)
        return redirect(url_for("security.show"), 303)

    @blueprint.post("/account/passkeys/remove")
    def remove() -> ResponseReturnValue:
        account = account_that_may_change_factors(accounts, factors, url_for("security.show"))
        if store.remove(account.id, _passkey_id()):
            flash(gettext("The passkey is removed. Nobody can sign in with it any more."))
        return redirect(url_for("security.show"), 303)

    return blueprint


def _passkey_id() -> int:
    """Return which passkey a form means. Raises BadRequest."""
    passkey_id = request.form.get("passkey", "")
    return int(passkey_id) if _ID.fullmatch(passkey_id) else abort(400)


def _typed_name() -> str | None:
    """Return what a passkey shall be called, in one spelling; None if that is no name."""
    name = unicodedata.normalize("NFKC", request.form.get("name", "")).strip()
    return name if name.isprintable() and 0 < len(name) <= LONGEST_NAME else None
