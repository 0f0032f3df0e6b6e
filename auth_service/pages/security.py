"""Under "Sign-in and security" a person finds how they sign in, a section for each way; each is a file of its own."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from auth_service.models.account import Account
from auth_service.storage.accounts import AccountStore
from auth_service.storage.token_reuses import TokenReuseStore
from auth_service.web.required_sign_in import account_or_sign_in
from shared.service.security_headers import let_scripts_run

Values = Mapping[str, Any]
"""What the template of a section is given, by names."""


class SecurityPage:
    """It is made of sections, which `security.html` includes in their order.

    The template of a section, `security/NAME.html`, finds what it shows under its name: `NAME.problem`.
    """

    def __init__(self, reuses: TokenReuseStore) -> None:
        self._reuses = reuses
        self._sections: dict[str, Callable[[Account], Values]] = {}

    def add(self, section: str, values: Callable[[Account], Values]) -> None:
        """Show in a section of this name what `values` returns of an account."""
        self._sections[section] = values

    def show(self, account: Account, section: str | None = None, **values: Any) -> str:
        """Return the page; in `section` with these beside its own values, as the `problem` with a form of it."""
        shown = {name: dict(of_account(account)) for name, of_account in self._sections.items()}
        if section is not None:
            shown[section] |= values
        let_scripts_run()
        return render_template(
            "security.html",
            account=account,
            reuses=self._reuses.unanswered(account.id),
            problem=values.get("problem"),
            **shown,
        )


def security_pages(accounts: AccountStore, page: SecurityPage) -> Blueprint:
    """Return a blueprint with the page. The actions of its sections are blueprints of their own."""
    blueprint = Blueprint("security", __name__)

    @blueprint.get("/account/security")
    def show() -> ResponseReturnValue:
        account = account_or_sign_in(accounts, url_for("security.show"))
        return page.show(account)

    return blueprint
