"""Apps, a worker that delivers, and a receiver."""

from collections.abc import Iterator

import pytest

from tests.support.actions import READ, WRITE, Actions, App, Person
from tests.support.receiver import Receiver, receiver
from tests.support.stack import Stack
from tests.support.webhook_caller import Caller, NewCaller
from tests.support.webhook_worker import delivering


@pytest.fixture
def new_caller(stricter_stack: Stack) -> NewCaller:
    """Connects an app with a person, each of them new unless it is given."""
    stricter_stack.forget_failures()
    actions = Actions(stricter_stack)

    def connect(
        person: Person | None = None, app: App | None = None, scopes: tuple[str, ...] = (READ, WRITE)
    ) -> Caller:
        person, app = person or actions.person(), app or actions.app()
        tokens = app.connect(person, scopes)
        return Caller(actions, person, app, tokens.access, tokens.refresh)

    return connect


@pytest.fixture
def caller(new_caller: NewCaller) -> Caller:
    return new_caller()


@pytest.fixture(scope="module")
def worker(stricter_stack: Stack) -> Iterator[None]:
    with delivering(stricter_stack):
        yield


@pytest.fixture
def inbox(worker: None) -> Iterator[Receiver]:
    with receiver() as running:
        yield running
