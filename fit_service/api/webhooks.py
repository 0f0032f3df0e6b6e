"""At `/api/webhooks/` an app says where it wants to be told of a person's changes (docs/webhooks.md)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from flask import Blueprint, current_app, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from fit_service.rules.refusals import InvalidValueError, refuse_unknown
from fit_service.rules.webhooks.status import Owner, Registration
from fit_service.storage.webhooks import NotActiveError, TooManyWebhooksError, WebhookStore
from fit_service.web.access import READ, Access
from fit_service.web.bodies import json_members
from fit_service.web.errors import ProblemError
from fit_service.web.idempotency import REPEATABLE, digest, marked, other_requests_refused, repeatable_request
from fit_service.web.openapi.description import LOCATED, describe
from fit_service.web.openapi.schema_parts import one
from fit_service.web.openapi.webhook_schemas import WEBHOOKS
from fit_service.web.webhook_url import parse_url
from shared.resource_server import ActiveToken

T = TypeVar("T")
_NO_SUCH_WEBHOOK = "There is no such webhook."


@dataclass(frozen=True, slots=True)
class Activation:
    """A view works on this that may leave a webhook active."""

    store: WebhookStore
    access: Access
    allow_private: bool
    """Webhooks may lead to private and loopback addresses if this is true."""

    def if_still_good(
        self, webhook_id: str, show: Callable[[Registration], ResponseReturnValue]
    ) -> ResponseReturnValue:
        """Activate a webhook if its token is still good, now that it is stored.

        A revocation that was heard before it was stored found no webhook to end, and would otherwise be missed. If the
        position in the feed was lost after that, the answer may be older than what was missed.
        """
        asked_at = self.store.doubts()

        def activate(token: ActiveToken) -> ResponseReturnValue:
            webhook = self.store.confirm(_owner(token), webhook_id, token.grant_id, asked_at, datetime.now(UTC))
            return show(_found(webhook))

        return self.access.if_still_good(activate)


def webhooks_api(access: Access, store: WebhookStore, *, allow_private: bool) -> Blueprint:
    """Make the blueprint. To be told that data changed takes the scope that reading them takes."""
    blueprint = Blueprint("webhooks", __name__, url_prefix="/api/webhooks")
    activation = Activation(store, access, allow_private)
    blueprint.get("/", strict_slashes=False)(access(READ, store)(list_webhooks))
    blueprint.post("/", strict_slashes=False)(access(READ, activation)(register_webhook))
    blueprint.get("/<webhook_id>")(access(READ, store)(show_webhook))
    blueprint.patch("/<webhook_id>")(access(READ, activation)(enable_webhook))
    blueprint.delete("/<webhook_id>")(access(READ, store)(remove_webhook))
    blueprint.post("/<webhook_id>/test")(access(READ, store)(test_webhook))
    return blueprint


@describe(answers=WEBHOOKS)
def list_webhooks(store: WebhookStore, token: ActiveToken) -> ResponseReturnValue:
    """List the webhooks of this app for this person."""
    return jsonify([webhook.to_json() for webhook in store.all(_owner(token))])


@describe(
    REPEATABLE,
    LOCATED,
    sends=one("NewWebhook"),
    answers=one("RegisteredWebhook"),
    status=201,
    problems={404: _NO_SUCH_WEBHOOK, 409: TooManyWebhooksError.sentence},
)
def register_webhook(activation: Activation, token: ActiveToken) -> ResponseReturnValue:
    """Register a webhook.

    `secret` is the key of the signatures and is shown this once. At most ten for one app and person. To be told of
    changes takes the scope that reading takes.
    """
    fields = json_members()
    refuse_unknown(fields, ("url", "own_changes"))
    if "url" not in fields:
        raise InvalidValueError("url", "url is required.")
    url = parse_url(fields["url"], allow_private=activation.allow_private)
    repeatable = repeatable_request(token, digest(request.get_data()))
    with other_requests_refused():
        webhook_id, secret, is_replay = activation.store.register(
            _owner(token),
            token.grant_id,
            url,
            datetime.now(UTC),
            repeatable,
            own_changes=_parse_own_changes(fields.get("own_changes", True)),
        )

    def show(webhook: Registration) -> ResponseReturnValue:
        address = url_for("webhooks.show_webhook", webhook_id=webhook_id)
        answer = marked(jsonify({**webhook.to_json(), "secret": secret}), is_replay=is_replay)
        return answer, 201, {"Location": address}

    return activation.if_still_good(webhook_id, show)


@describe(answers=one("Webhook"), problems={404: _NO_SUCH_WEBHOOK})
def show_webhook(store: WebhookStore, token: ActiveToken, webhook_id: str) -> ResponseReturnValue:
    """Read a webhook."""
    return jsonify(_found(store.find(_owner(token), webhook_id)).to_json())


@describe(sends=one("WebhookChange"), answers=one("Webhook"), problems={404: _NO_SUCH_WEBHOOK})
def enable_webhook(activation: Activation, token: ActiveToken, webhook_id: str) -> ResponseReturnValue:
    """Renew or enable a webhook, and try at once what waits.

    It is bound to the grant of this token from now on.
    """
    fields = json_members()
    refuse_unknown(fields, ("status",))
    if fields.get("status") != "active":
        raise InvalidValueError("status", "status must be active.")
    if not activation.store.bind(_owner(token), webhook_id, token.grant_id, datetime.now(UTC)):
        raise _no_such_webhook()
    return activation.if_still_good(webhook_id, lambda webhook: jsonify(webhook.to_json()))


@describe(REPEATABLE, status=204, problems={404: _NO_SUCH_WEBHOOK})
def remove_webhook(store: WebhookStore, token: ActiveToken, webhook_id: str) -> ResponseReturnValue:
    """Remove a webhook; what was not delivered yet never is."""
    with other_requests_refused():
        answer = _found(store.remove(_owner(token), webhook_id, repeatable_request(token)))
    return marked(current_app.response_class(status=204), is_replay=answer.is_replay)


@describe(
    REPEATABLE, answers=one("SentTest"), status=202, problems={404: _NO_SUCH_WEBHOOK, 409: NotActiveError.sentence}
)
def test_webhook(store: WebhookStore, token: ActiveToken, webhook_id: str) -> ResponseReturnValue:
    """Send a test message to a webhook."""
    with other_requests_refused():
        answer = _found(store.send_test(_owner(token), webhook_id, datetime.now(UTC), repeatable_request(token)))
    return marked(jsonify({"message_id": answer.body}), is_replay=answer.is_replay), 202


def _parse_own_changes(value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidValueError("own_changes", "own_changes must be true or false.")
    return value


def _owner(token: ActiveToken) -> Owner:
    return Owner(token.client_id, token.subject)


def _found(found: T | None) -> T:
    if found is None:
        raise _no_such_webhook()
    return found


def _no_such_webhook() -> ProblemError:
    """It says the same whether nobody has the webhook or somebody else has."""
    return ProblemError(404, _NO_SUCH_WEBHOOK)
