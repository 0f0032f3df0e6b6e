"""A person sees what happened to their account and the whole story of a key that was used twice, and can act on it."""

import logging
import re

from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from auth_service.models.account import Account
from auth_service.pages.activity_words import SHOWN_KINDS, client_ids, days
from auth_service.pages.reuse_picture import Kind, as_json, moments, picture
from auth_service.protocol.tokens.grant_revocation import GrantRevocation
from auth_service.storage.accounts import AccountStore
from auth_service.storage.clients import ClientStore
from auth_service.storage.security_events import SecurityEventStore
from auth_service.storage.token_reuses import ReuseStory, TokenReuseStore
from auth_service.web.browser_session import go_on_alone, signed_in_account
from auth_service.web.forms_again import Again, show_again
from auth_service.web.required_sign_in import account_or_sign_in

SHOWN = 50
"""A page has so many events."""
_EVENT_ID = re.compile(r"[0-9]{1,15}")
_log = logging.getLogger(__name__)


def activity_pages(
    accounts: AccountStore,
    clients: ClientStore,
    events: SecurityEventStore,
    reuses: TokenReuseStore,
    revocation: GrantRevocation,
) -> Blueprint:
    """Return a blueprint with the list, the stories, and what a person may say about each."""
    blueprint = Blueprint("activity", __name__)
    show_again(blueprint, lambda: url_for("activity.show_reuse", **request.view_args or {}, again=Again.STALE))

    @blueprint.get("/activity")
    def show() -> ResponseReturnValue:
        account = account_or_sign_in(accounts, url_for("activity.show"))
        before = request.args.get("before")
        if before is not None and _EVENT_ID.fullmatch(before) is None:
            abort(400)
        found = events.page(account.id, SHOWN_KINDS, int(before) if before else None, SHOWN + 1)
        shown = found[:SHOWN]
        return render_template(
            "activity.html",
            account=account,
            days=days(shown, clients.names(client_ids(shown))),
            before=before,
            older=shown[-1].id if len(found) > SHOWN else None,
        )

    @blueprint.get("/activity/reuse/<grant_id>")
    def show_reuse(grant_id: str) -> ResponseReturnValue:
        account = account_or_sign_in(accounts, url_for("activity.show_reuse", grant_id=grant_id))
        story = _story(account, grant_id)
        found = moments(story)
        return render_template(
            "reuse.html",
            account=account,
            story=story,
            moments=found,
            picture=picture(found),
            again=next((moment for moment in found if moment.kind is Kind.AGAIN), None),
            first=next((moment for moment in found if moment.kind is Kind.TWICE), None),
            late=[moment for moment in found if moment.kind is Kind.LATE],
        )

    @blueprint.get("/activity/reuse/<grant_id>/story.json")
    def tell_reuse(grant_id: str) -> Response:
        return jsonify(as_json(_story(signed_in_account(accounts) or abort(404), grant_id)))

    @blueprint.post("/activity/reuse/<grant_id>")
    def answer(grant_id: str) -> ResponseReturnValue:
        there = url_for("activity.show_reuse", grant_id=grant_id)
        account = account_or_sign_in(accounts, there)
        story, said = _story(account, grant_id), request.form.get("answer")
        names = {"account_id": account.id, "client_id": story.reuse.client_id, "grant_id": grant_id}
        if said == "me":
            reuses.own(story.reuse)
            _log.info("a person says that a reuse was theirs", extra=names)
            return redirect(there, 303)
        if said != "not_me":
            abort(400)
        revocation.disown_reuse(story.reuse)
        _log.warning("a person says that a reuse was not theirs: all their sessions and grants end", extra=names)
        if (same := accounts.find(account.id)) is not None:
            go_on_alone(same)
        flash(gettext("Every other browser is signed out, and no app has access any more. Now choose a new password."))
        return redirect(url_for("security.show"), 303)

    def _story(account: Account, grant_id: str) -> ReuseStory:
        return reuses.find(account.id, grant_id) or abort(404)

    return blueprint
