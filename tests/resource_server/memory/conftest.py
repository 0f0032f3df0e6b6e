"""What the tests of memory share."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.resource_server.memory.remembering_service import RESOURCE, RememberingService
from tests.support.small_authorization_server import small_authorization_server


@pytest.fixture
def start() -> Iterator[Callable[..., RememberingService]]:
    """Starts services with given options, each with its own authorization server."""
    with ExitStack() as running:

        def start_service(**options: Any) -> RememberingService:
            service = RememberingService(running.enter_context(small_authorization_server(RESOURCE)), **options)
            running.callback(service.close)
            return service

        yield start_service


@pytest.fixture
def service(start: Callable[..., RememberingService]) -> RememberingService:
    return start()
