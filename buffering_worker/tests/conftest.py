"""Workers that several tests ask."""

from collections.abc import Iterator

import pytest

from buffering_worker.tests.served import Served, served


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """As in production, but for the size of bodies."""
    with served(tmp_path_factory.mktemp("patient"), "Worker", "--keep-alive", "20") as running:
        yield running


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """With little time, and room for twenty connections."""
    options = ("--keep-alive", "1", "--worker-connections", "20")
    with served(tmp_path_factory.mktemp("hasty"), "HastyWorker", *options) as running:
        yield running
