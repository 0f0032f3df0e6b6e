"""Apps of three kinds that hold a key."""

import pytest

from tests.support.actions import Actions
from tests.support.dpop import KEY, DpopApp


@pytest.fixture
def public(actions: Actions) -> DpopApp:
    """Its refresh tokens are bound to its key."""
    return DpopApp(actions.stack, public=True, key=KEY)


@pytest.fixture
def confidential(actions: Actions) -> DpopApp:
    """Its refresh tokens are bound to its secret."""
    return DpopApp(actions.stack, key=KEY)


@pytest.fixture
def machine(actions: Actions) -> DpopApp:
    return DpopApp(actions.stack, "--grant-type", "client_credentials", key=KEY)
