"""Which apps may do what in a person's name, since when, when they last used it; and the button that ends it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from auth_service.models.grant import GrantRecord
from auth_service.protocol.tokens.grant_revocation import GrantRevocation
from auth_service.storage.accounts import AccountStore
from auth_service.storage.clients import ClientStore
from auth_service.storage.grant_records import GrantRecordStore
from auth_service.storage.grants import GrantStore
from auth_service.storage.resource_servers import ResourceServerStore
from auth_service.web.browser_session import signed_in_account


@dataclass(frozen=True, slots=True)
class ConnectedApp:
    """All that one client may do for one person: usually one grant, several if they connected it several times."""

    client_id: str
    name: str
    registered_itself: bool
    scopes: list[str]
    """As the consent page described them."""
    since: datetime
    last_used: datetime


def connected_apps_page(
    accounts: AccountStore,
    clients: ClientStore,
    resource_servers: ResourceServerStore,
    records: GrantRecordStore,
    grants: GrantStore,
    revocation: GrantRevocation,
) -> Blueprint:
    """A blueprint with the page."""
    blueprint = Blueprint("connected_apps", __name__)

    @blueprint.get("/connected-apps")
    def show() -> ResponseReturnValue:
        account = signed_in_account(accounts)
        if account is None:
            return redirect(url_for("sign_in.sign_in", next=url_for("connected_apps.show")), 303)
        return render_template("connected_apps.html", account=account, apps=_connected_apps(account.id))

    @blueprint.post("/connected-apps/disconnect")
    def disconnect() -> ResponseReturnValue:
        account = signed_in_account(accounts)
        if account is not None:
            client = clients.find(request.form.get("client_id", ""))
            if client is not None:
                revocation.end_app(account.id, client.client_id)
                flash(f"{client.name} has no access any more.")
        return redirect(url_for("connected_apps.show"), 303)

    def _connected_apps(account_id: str) -> list[ConnectedApp]:
        by_client: dict[str, list[GrantRecord]] = {}
        recorded = records.current(account_id=account_id)
        last_used = grants.last_used([record.id for record in recorded])
        for record in recorded:
            if record.id in last_used:  # else it ran out unused, or its code was never exchanged
                by_client.setdefault(record.client_id, []).append(record)
        descriptions = resource_servers.scopes()
        return [
            ConnectedApp(
                client_id=client_id,
                name=client.name,
                registered_itself=client.registered_itself,
                scopes=[
                    descriptions[scope].description
                    for scope in sorted({scope for record in records for scope in record.scopes})
                    if scope in descriptions
                ],
                since=min(record.created_at for record in records),
                last_used=datetime.fromtimestamp(max(last_used[record.id] for record in records), UTC),
            )
            for client_id, records in by_client.items()
            if (client := clients.find(client_id)) is not None
        ]

    return blueprint
