"""An app that runs on devices."""

import pytest

from tests.support.actions import DEVICE, Actions, App


@pytest.fixture
def app(actions: Actions) -> App:
    return actions.app(*DEVICE)
