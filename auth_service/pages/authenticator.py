"""People set up an authenticator app and recovery codes in a section under "Sign-in and security"."""

import segno
from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from markupsafe import Markup

from auth_service.models.account import Account
from auth_service.models.authentication import PASSWORD_AND_CODE
from auth_service.pages.security import SecurityPage, Values
from auth_service.protocol.factors.second_factors import SecondFactors, address_of, new_secret
from auth_service.storage.accounts import AccountStore
from auth_service.storage.second_factors import SecondFactorStore
from auth_service.web.browser_session import authentication, strengthen
from auth_service.web.double_clicks import DoubleClicks, sent_form
from auth_service.web.forms_again import Again, show_again
from auth_service.web.required_sign_in import account_that_may_change_factors

_LONGEST_CODE = 100


def authenticator_section(
    page: SecurityPage,
    accounts: AccountStore,
    factors: SecondFactors,
    store: SecondFactorStore,
    double_clicks: DoubleClicks,
) -> Blueprint:
    """Add the section to the page, and return a blueprint with its pages and actions."""
    blueprint = Blueprint("authenticator", __name__)
    show_again(blueprint, lambda: url_for("security.show", again=Again.STALE))

    def _values(account: Account) -> Values:
        app = store.find(account.id)
        return {"app": app, "codes_left": store.codes_left(account.id) if app else 0}

    page.add("authenticator", _values)

    @blueprint.get("/account/authenticator/add")
    def show() -> ResponseReturnValue:
        account = account_that_may_change_factors(accounts, store, url_for("authenticator.show"))
        return _set_up(account) if store.find(account.id) is None else redirect(url_for("security.show"), 303)

    @blueprint.post("/account/authenticator/add")
    def add() -> ResponseReturnValue:
        return double_clicks.answer(sent_form(), _add)

    def _add() -> ResponseReturnValue:
        account = account_that_may_change_factors(accounts, store, url_for("authenticator.show"))
        secret = store.unwrap(session.get("new_authenticator", ""))
        codes = factors.confirm(account, secret, request.form.get("code", "")[:_LONGEST_CODE]) if secret else None
        if codes is None:
            return _set_up(account, gettext("That code is not right. Wait until your app shows another one.")), 422
        del session["new_authenticator"]
        if authentication().is_plain_password:
            strengthen(PASSWORD_AND_CODE)
        return _codes(account, codes)

    @blueprint.post("/account/authenticator/remove")
    def remove() -> ResponseReturnValue:
        account = account_that_may_change_factors(accounts, store, url_for("security.show"))
        if store.remove(account.id):
            flash(
                gettext(
                    "Your authenticator app and your recovery codes are removed. Your password alone is enough again."
                )
            )
        return redirect(url_for("security.show"), 303)

    @blueprint.post("/account/recovery-codes")
    def make_codes() -> ResponseReturnValue:
        return double_clicks.answer(sent_form(), _make_codes)

    def _make_codes() -> ResponseReturnValue:
        account = account_that_may_change_factors(accounts, store, url_for("security.show"))
        codes = factors.new_recovery_codes(account)
        return _codes(account, codes) if codes is not None else redirect(url_for("security.show"), 303)

    def _set_up(account: Account, problem: str | None = None) -> str:
        """Show a secret, the same until it is confirmed: it waits in the session, encrypted, and counts for nothing."""
        secret = store.unwrap(session["new_authenticator"]) if "new_authenticator" in session else None
        if secret is None:
            secret = new_secret()
            session["new_authenticator"] = store.wrap(secret)
        address = address_of(secret, account.username)
        return render_template(
            "add_authenticator.html",
            account=account,
            problem=problem,
            secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
            address=address,
            picture=_picture(address),
        )

    return blueprint


def _codes(account: Account, codes: tuple[str, ...]) -> str:
    return render_template("recovery_codes.html", account=account, codes=codes)


def _picture(address: str) -> Markup:
    """Return the address as a QR code, which apps read only if it is dark on light, also where the page is dark."""
    picture = segno.make(address, error="m", micro=False)
    return Markup(picture.svg_inline(border=4, light="#fff", dark="#000", omitsize=True, svgclass=None, lineclass=None))  # noqa: S704 - of squares only
