from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.actions import Actions, Person
from tests.support.strength_app import StrengthApp, run_strength_app


@pytest.fixture
def app(actions: Actions, tmp_path: Path) -> Iterator[StrengthApp]:
    with run_strength_app(actions.stack, tmp_path) as running:
        yield running


@pytest.fixture
def mo(app: StrengthApp, actions: Actions) -> Person:
    """Somebody who has connected the app."""
    person = actions.person()
    app.connect(person)
    return person
