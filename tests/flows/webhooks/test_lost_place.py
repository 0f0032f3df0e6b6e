"""When the place in the revocation feed is lost, no webhook is spared: neither one that an app is just enabling."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from fit_service.models.webhooks import FeedPosition
from shared.resource_server import ActiveToken, TokenValidator
from tests.support.actions import Actions
from tests.support.stack import Stack
from tests.support.webhook_caller import WEBHOOKS, Caller
from tests.support.webhook_worker import parts_of


@pytest.fixture
def caller(start_stack: Callable[..., Stack]) -> Caller:
    """Of a Fit API whose worker has read the feed before."""
    actions = Actions(start_stack())
    follow(actions.stack)
    person, app = actions.person(), actions.app()
    tokens = app.connect(person)
    return Caller(actions, person, app, tokens.access, tokens.refresh)


def follow(stack: Stack) -> None:
    """What a worker does in one poll."""
    follower = parts_of(stack).webhook_worker._follower
    assert follower is not None
    follower.read_once()


def lose_the_place(stack: Stack) -> None:
    """As when Redis lost its data, and with it an end that nobody has read: the next poll says `reset`."""
    with parts_of(stack).database.writing() as session:
        session.execute(update(FeedPosition).values(cursor="a place that is no more"))
    follow(stack)


def lost_after_the_token_was_found_good(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    ask_again = TokenValidator.ask_again

    def overtaken(self: TokenValidator, authorization: str | None) -> ActiveToken:
        token = ask_again(self, authorization)
        monkeypatch.undo()
        lose_the_place(stack)
        return token

    monkeypatch.setattr(TokenValidator, "ask_again", overtaken)


def test_one_that_is_being_registered_is_not_and_may_be_at_the_next_try(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost_after_the_token_was_found_good(caller.actions.stack, monkeypatch)
    answer = caller.call("POST", json={"url": "https://app.example/hook"})
    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "1")
    assert caller.call("GET").json() == []
    assert caller.show(caller.register())["status"] == "active"


def test_one_that_is_being_enabled_stays_disabled_until_the_next_try(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = caller.register()
    lost_after_the_token_was_found_good(caller.actions.stack, monkeypatch)
    answers = [caller.call("PATCH", WEBHOOKS + webhook["id"], json={"status": "active"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [503, 200]
    shown = caller.show(webhook)
    assert (shown["status"], shown["disabled_because"]) == ("active", None)


def test_one_that_a_machine_with_a_faster_clock_confirmed_is_not_spared(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = caller.register()
    follower = parts_of(caller.actions.stack).webhook_worker._follower
    assert follower is not None
    clock = follower._clock
    monkeypatch.setattr(follower, "_clock", lambda: clock() - timedelta(seconds=2))
    lose_the_place(caller.actions.stack)
    shown = caller.show(webhook)
    assert (shown["status"], shown["disabled_because"]) == ("disabled", "unverified")
