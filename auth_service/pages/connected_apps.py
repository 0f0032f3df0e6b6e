"""A person sees which apps may do what in their name, since when, until when and from where; and takes it back."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from auth_service.models.account import Account
from auth_service.models.client import Client
from auth_service.protocol.tokens.grant_revocation import GrantRevocation
from auth_service.storage.accounts import AccountStore
from auth_service.storage.clients import ClientStore
from auth_service.storage.connected_apps import ConnectedAppStore, Place
from auth_service.storage.resource_servers import ResourceServerStore
from auth_service.storage.token_reuses import TokenReuseStore
from auth_service.web.browser_session import signed_in_account
from auth_service.web.forms_again import Again, show_again
from auth_service.web.required_sign_in import account_or_sign_in


def connected_apps_page(
    accounts: AccountStore,
    clients: ClientStore,
    resource_servers: ResourceServerStore,
    connected: ConnectedAppStore,
    revocation: GrantRevocation,
    reuses: TokenReuseStore,
) -> Blueprint:
    """Return a blueprint with the page."""
    blueprint = Blueprint("connected_apps", __name__)
    show_again(blueprint, lambda: url_for("connected_apps.show", again=Again.STALE))

    @blueprint.get("/connected-apps")
    def show() -> ResponseReturnValue:
        account = account_or_sign_in(accounts, url_for("connected_apps.show"))
        before = _place()
        apps, older = connected.page(account.id, before)
        descriptions = {name: scope.description for name, scope in resource_servers.scopes().items()}
        return render_template(
            "connected_apps.html",
            account=account,
            apps=apps,
            descriptions=descriptions,
            before=before,
            older=older,
            reuses=reuses.unanswered(account.id),
        )

    @blueprint.post("/connected-apps/disconnect")
    def disconnect() -> ResponseReturnValue:
        account = signed_in_account(accounts)
        client = clients.find(request.form.get("client_id", ""))
        if account is not None and client is not None:
            _end(account, client)
        return redirect(url_for("connected_apps.show", before=_place()), 303)

    @blueprint.post("/connected-apps/narrow")
    def narrow() -> ResponseReturnValue:
        """Take what was shown and is not ticked any more. What the app was allowed meanwhile, it keeps."""
        account = signed_in_account(accounts)
        client = clients.find(request.form.get("client_id", ""))
        ticked = set(request.form.getlist("scope"))
        if account is not None and client is not None and not ticked:
            _end(account, client)
        elif account is not None and client is not None and (taken := set(request.form.getlist("shown")) - ticked):
            revocation.narrow_app(account.id, client.client_id, taken)
            flash(gettext("%(app)s may do less now.", app=client.told_name))
        return redirect(url_for("connected_apps.show", before=_place()), 303)

    def _end(account: Account, client: Client) -> None:
        revocation.end_app(account.id, client.client_id)
        flash(gettext("%(app)s has no access any more.", app=client.told_name))

    return blueprint


def _place() -> Place | None:
    """Return where the page begins that is shown."""
    given = request.args.get("before")
    place = Place.parse(given) if given is not None else None
    if given is not None and place is None:
        abort(400)
    return place
