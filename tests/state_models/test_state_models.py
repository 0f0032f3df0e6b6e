"""The quick models: every promise holds, and each fault that is put in is found. `make models` explores all."""

from pathlib import Path

import pytest

from tests.state_models import grants, webhooks
from tests.state_models.__main__ import MODELS
from tests.state_models.explorer import Case, explore

QUICK = [*grants.cases(), *webhooks.cases()]


@pytest.mark.parametrize("case", QUICK, ids=lambda case: case.name)
def test_what_is_found_is_what_is_expected(case: Case) -> None:
    outcome = explore(case)
    assert outcome.as_expected, f"{outcome}: {outcome.found}"


def test_every_model_is_explored_by_make_models() -> None:
    files = {file.stem for file in Path(__file__).parent.glob("[a-z]*.py")}
    assert files == {*MODELS, "explorer", "test_state_models"}
