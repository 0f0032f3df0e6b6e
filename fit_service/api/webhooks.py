"""`/api/webhooks/` and each webhook: where an app wants to be told of a person's changes (docs/webhooks.md)."""

from collections.abc import Callable
from datetime import UTC, datetime

from flask import Blueprint, jsonify, url_for
from flask.typing import ResponseReturnValue

from fit_service.api.access import READ, Access
from fit_service.api.body_weight import json_body
from fit_service.body_weight_entry import parse_json
from fit_service.errors import ProblemError
from fit_service.storage.webhooks import NotActiveError, TooManyWebhooksError, WebhookStore
from fit_service.webhooks.destination import parse_url
from fit_service.webhooks.registration import MAX_PER_PERSON, Owner, Registration
from shared.resource_server import ActiveToken


def webhooks_api(access: Access, store: WebhookStore, *, allow_private: bool) -> Blueprint:
    """A blueprint with the endpoints. To be told that data changed takes the scope that reading them takes."""
    blueprint = Blueprint("webhooks", __name__, url_prefix="/api/webhooks")

    @blueprint.get("/", strict_slashes=False)
    @access(READ)
    def list_webhooks(token: ActiveToken) -> ResponseReturnValue:
        return jsonify([webhook.to_json() for webhook in store.all(_owner(token))])

    @blueprint.post("/", strict_slashes=False)
    @access(READ)
    def register_webhook(token: ActiveToken) -> ResponseReturnValue:
        fields = parse_json(json_body())
        if "url" not in fields:
            raise ProblemError(422, "url is required.", field="url")
        url = parse_url(fields["url"], allow_private=allow_private)
        try:
            webhook_id, secret = store.register(_owner(token), token.grant_id, url, datetime.now(UTC))
        except TooManyWebhooksError:
            raise ProblemError(409, f"There are {MAX_PER_PERSON} webhooks already: remove one first.") from None

        def show(webhook: Registration) -> ResponseReturnValue:
            address = url_for("webhooks.show_webhook", webhook_id=webhook_id)
            return jsonify({**webhook.to_json(), "secret": secret}), 201, {"Location": address}

        return confirmed(webhook_id, show)

    @blueprint.get("/<webhook_id>")
    @access(READ)
    def show_webhook(token: ActiveToken, webhook_id: str) -> ResponseReturnValue:
        return jsonify(_found(store.find(_owner(token), webhook_id)).to_json())

    @blueprint.patch("/<webhook_id>")
    @access(READ)
    def enable_webhook(token: ActiveToken, webhook_id: str) -> ResponseReturnValue:
        if parse_json(json_body()).get("status") != "active":
            raise ProblemError(422, "status must be active.", field="status")
        if not store.bind(_owner(token), webhook_id, token.grant_id, datetime.now(UTC)):
            raise _no_such_webhook()
        return confirmed(webhook_id, lambda webhook: jsonify(webhook.to_json()))

    @blueprint.delete("/<webhook_id>")
    @access(READ)
    def remove_webhook(token: ActiveToken, webhook_id: str) -> ResponseReturnValue:
        if not store.remove(_owner(token), webhook_id):
            raise _no_such_webhook()
        return "", 204

    @blueprint.post("/<webhook_id>/test")
    @access(READ)
    def test_webhook(token: ActiveToken, webhook_id: str) -> ResponseReturnValue:
        try:
            message_id = store.send_test(_owner(token), webhook_id, datetime.now(UTC))
        except NotActiveError:
            raise ProblemError(409, "The webhook is disabled: enable it first.") from None
        if message_id is None:
            raise _no_such_webhook()
        return jsonify({"message_id": message_id}), 202

    def confirmed(webhook_id: str, show: Callable[[Registration], ResponseReturnValue]) -> ResponseReturnValue:
        """Activate a webhook if its token is still good, now that it is stored.

        A revocation that was heard before it was stored found no webhook to end, and would otherwise be missed.
        """
        asked_at = datetime.now(UTC)

        def activate(token: ActiveToken) -> ResponseReturnValue:
            now = datetime.now(UTC)
            return show(_found(store.confirm(_owner(token), webhook_id, token.grant_id, asked_at, now)))

        return access.if_still_good(activate)

    return blueprint


def _owner(token: ActiveToken) -> Owner:
    return Owner(token.client_id, token.subject)


def _found(webhook: Registration | None) -> Registration:
    if webhook is None:
        raise _no_such_webhook()
    return webhook


def _no_such_webhook() -> ProblemError:
    """The same whether nobody has it or somebody else has."""
    return ProblemError(404, "There is no such webhook.")
