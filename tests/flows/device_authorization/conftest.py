"""An app that runs on devices."""

import pytest

from tests.support.actions import (
    DEVICE_CODE,
    Actions,
    App,
)

DEVICE = ("--grant-type", DEVICE_CODE, "--grant-type", "refresh_token")


@pytest.fixture
def app(actions: Actions) -> App:
    return actions.app(*DEVICE)
