"""The house that is wrecked."""

from collections.abc import Iterator

import pytest

from tests.faults.house import House, Load
from tests.support.callers import BOUND, longest_acceptance
from tests.support.servers import redis_server


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    if redis_server() is None:
        pytest.skip("needs redis-server")
    with House.built_in(tmp_path_factory.mktemp("house")) as built:
        yield built


@pytest.fixture
def load(house: House) -> Iterator[Load]:
    with Load.on(house) as load:
        yield load


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What all runs of this suite have in common."""
    longest = longest_acceptance()
    if longest is not None:
        terminalreporter.write_line(
            f"The longest acceptance after an acknowledged end: {longest:.2f} s (at most {BOUND})."
        )
