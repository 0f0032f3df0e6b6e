"""The revocation feed, `GET /revocations`: a key that leaves `AUTH_TOKEN_KEYS` ends what it made, everywhere."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import count

import pytest

import auth_service
from auth_service.protocol.tokens.feed_cursor import SETTLED, KeyWatch
from shared.resource_server import CannotValidateError, InvalidTokenError, TokenValidator, connect
from tests.support.actions import READ, Actions
from tests.support.feed_reader import Reader
from tests.support.polling import eventually
from tests.support.servers import free_port, serve
from tests.support.spoiled_back_channel import FEED, Fault, SpoiledBackChannel
from tests.support.stack import Stack

OTHER_KEY = secrets.token_urlsafe(32)


@contextmanager
def with_keys(stack: Stack, *keys: str) -> Iterator[Stack]:
    """The same service by a process with another ring."""
    settings = stack.parts.settings
    app, port = auth_service.create_app(settings.model_copy(update={"token_keys": list(keys)})), free_port()
    with serve(app, port):
        yield replace(stack, auth=f"http://localhost:{port}", auth_app=app)
    app.extensions["auth_service"].database.close()


def test_a_key_that_leaves_the_ring_resets_each_reader_once_and_one_that_joins_it_none(actions: Actions) -> None:
    stack, reader = actions.stack, Reader(actions.stack)
    (key,) = stack.parts.settings.token_keys
    with with_keys(stack, key, OTHER_KEY) as joined, with_keys(stack, OTHER_KEY) as left:
        resets = []
        for process in (stack, joined, joined, stack, left, joined, left, stack, left, left):
            answer = Reader(process).poll(reader.cursor)
            resets.append(answer["reset"])
            reader.cursor = answer["cursor"]
    assert resets == [False] * 4 + [True] + [False] * 5


def test_a_token_whose_key_left_the_ring_is_refused_by_a_warm_memory(actions: Actions) -> None:
    app = actions.app("--grant-type", "client_credentials", scopes=[READ])
    token = app.client_credentials().json()["access_token"]
    fit, old = actions.stack.fit_credentials, port(actions.stack)
    with with_keys(actions.stack, OTHER_KEY) as left, SpoiledBackChannel.to(old) as between:
        validator = connect(
            resource=fit.resource,
            issuer=actions.stack.auth,
            client_id=fit.name,
            client_secret=fit.secret,
            auth_url=between.url.replace("127.0.0.1", "localhost"),
            deadline=20.0,
        )
        eventually(lambda: is_good(validator, token) and validator.remembered(f"Bearer {token}") is not None)
        between.lead_to(port(left))
        between.spoil(cut_once(), FEED)
        eventually(lambda: not is_good(validator, token))
        validator.close()


def port(stack: Stack) -> int:
    return int(stack.auth.rpartition(":")[2])


def cut_once() -> Fault:
    """As when the process at the other end has gone."""
    uses = count()

    def fault() -> bool:
        if next(uses) == 0:
            raise ConnectionError
        return True

    return fault


def is_good(validator: TokenValidator, token: str) -> bool:
    with suppress(InvalidTokenError, CannotValidateError):
        return bool(validator.validate(f"Bearer {token}"))
    return False


# The arithmetic, key by key


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def resets(clock: Clock, *rings: str) -> list[bool]:
    """Of one reader that is answered by processes with these rings in turn; a letter is a key."""
    cursor, seen = "0-0", []
    for ring in rings:
        place, disappeared = KeyWatch([letter * 8 for letter in ring], clock).arrive(cursor)
        cursor = place.cursor("0-0")
        seen.append(disappeared)
        clock.now += 1
    return seen


@pytest.mark.parametrize(
    ("rings", "expected"),
    [
        (["a", "ab", "a", "ba", "a", "ba", "ba"], [False] * 7),
        (["ab", "b", "ab", "b", "ab", "b"], [False, True, False, False, False, False]),
        (["ab", "bc", "ab", "bc", "ab", "bc"], [False, True, False, False, False, False]),
        (["ab", "", "ab", "a"], [False, True, False, False]),
    ],
    ids=["one joins", "one leaves", "one joins and one leaves", "all leave and come back"],
)
def test_while_rings_are_mixed_a_reader_forgets_everything_at_most_once(rings: list[str], expected: list[bool]) -> None:
    assert resets(Clock(), *rings) == expected


def test_a_key_that_joined_or_came_back_for_good_may_leave() -> None:
    clock, cursor, seen = Clock(), "0-0", []
    for ring in ("a", "ab", "ab", "b", "ab", "ab", "ab", "b"):
        place, gone = KeyWatch([letter * 8 for letter in ring], clock).arrive(cursor)
        cursor, clock.now = place.cursor("0-0"), clock.now + SETTLED
        seen.append(gone)
    assert seen == [False, False, False, True, False, False, False, True]


def test_a_cursor_of_the_release_before_is_a_place() -> None:
    place, disappeared = KeyWatch(["a" * 8]).arrive("AAAAAAAAAAAAAAAA.1-1")
    assert (place.position, disappeared) == ("AAAAAAAAAAAAAAAA.1-1", False)
