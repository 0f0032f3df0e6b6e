"""New token keys, over HTTP: nobody has to sign in again, and a repeated answer is the same one or none."""

from collections.abc import Callable

import auth_service
from tests.support.actions import Actions, App, error_of, tokens
from tests.support.stack import TOKEN_KEY, Stack

NEW_KEY = "YW5vdGhlciBrZXkgZm9yIHRoZSB0ZXN0cywgMzIgYnl0ZXM"
KEY = "one-key-for-one-request"


def refresh_with(stack: Stack, keys: tuple[str, ...], app: App, refresh_token: str) -> tuple[int, dict[str, str]]:
    """What a service with these keys answers, on the same stores."""
    assert app.secret is not None
    settings = stack.parts.settings.model_copy(update={"token_keys": keys})
    restarted = auth_service.create_app(settings)
    answer = restarted.test_client().post(
        "/token",
        base_url=stack.auth,
        auth=(app.client_id, app.secret),
        data={"grant_type": "refresh_token", "refresh_token": refresh_token},
        headers={"Idempotency-Key": KEY},
    )
    restarted.extensions["auth_service"].database.close()
    assert answer.status_code != 503 or answer.headers["Retry-After"] == "1"
    body = answer.get_json()
    body.pop("expires_in", None)  # counts down
    return answer.status_code, body


def test_an_answer_that_a_missing_key_made_is_not_repeated_wrongly(start_stack: Callable[..., Stack]) -> None:
    stack = start_stack()
    actions = Actions(stack)
    app = actions.app()
    first = app.connect(actions.person()).refresh

    status, pair = refresh_with(stack, (NEW_KEY, TOKEN_KEY), app, first)
    assert status == 200
    assert refresh_with(stack, (TOKEN_KEY, NEW_KEY), app, first) == (200, pair)

    status, body = refresh_with(stack, (TOKEN_KEY,), app, first)
    assert (status, body["error"]) == (503, "temporarily_unavailable")

    assert refresh_with(stack, (NEW_KEY, TOKEN_KEY), app, first) == (200, pair)
    status, successor = refresh_with(stack, (NEW_KEY,), app, pair["refresh_token"])
    assert (status, successor["error"]) == (400, "invalid_request")  # this key stood for the rotation before


def test_tokens_of_the_old_key_are_good_beside_the_new_one(start_stack: Callable[..., Stack]) -> None:
    actions = Actions(start_stack(token_keys=(NEW_KEY, TOKEN_KEY)))
    app = actions.app()
    made = app.connect(actions.person())
    old = Actions(actions.stack)
    assert old.is_active(made.access)
    assert tokens(app.refresh(made.refresh)).refresh != made.refresh
    assert error_of(app.refresh(made.refresh)) == (400, "invalid_grant")
