"""Both resource servers, as the authorization server knows them."""

import pytest

from tests.support.actions import Actions
from tests.support.stack import ResourceServerCredentials


@pytest.fixture
def fit(actions: Actions) -> ResourceServerCredentials:
    return actions.stack.fit_credentials


@pytest.fixture
def plans(actions: Actions) -> ResourceServerCredentials:
    return actions.stack.other_credentials
