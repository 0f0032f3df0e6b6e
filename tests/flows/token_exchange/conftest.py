"""The Fit API as a client of the plans, and an app that talks to both."""

import pytest

from tests.support.actions import PLANS, READ, WRITE, Actions, App, Person, Tokens
from tests.support.stack import ResourceServerCredentials


@pytest.fixture
def service(actions: Actions, fit: ResourceServerCredentials) -> App:
    """The Fit API as a client: with the tokens that are meant for it, it may call the plans, and itself to read."""
    return actions.exchanger(fit.resource, scopes=[READ, PLANS])


@pytest.fixture
def mo(actions: Actions) -> Person:
    return actions.person()


@pytest.fixture
def app(actions: Actions) -> App:
    return actions.app(scopes=[READ, WRITE, PLANS])


@pytest.fixture
def granted(app: App, mo: Person) -> Tokens:
    """Of an app that talks to both APIs: its token arrives at the Fit API."""
    return app.connect(mo)
