"""What the tests of bound tokens share."""

from collections.abc import Iterator

import pytest

from shared.resource_server import TokenValidator
from shared.resource_server.dpop import Dpop
from tests.resource_server.adapters import RESOURCE
from tests.resource_server.dpop.bound_tokens import ADDRESS, bound, validator_of
from tests.support.small_authorization_server import SmallAuthorizationServer, small_authorization_server


@pytest.fixture
def server() -> Iterator[SmallAuthorizationServer]:
    with small_authorization_server(RESOURCE) as running:
        yield running


@pytest.fixture
def dpop() -> Dpop:
    return Dpop(ADDRESS)


@pytest.fixture
def token(server: SmallAuthorizationServer) -> str:
    """Bound to KEY."""
    return bound(server, "a-bound-token")


@pytest.fixture
def validator(server: SmallAuthorizationServer, dpop: Dpop) -> Iterator[TokenValidator]:
    validator = validator_of(server, dpop)
    yield validator
    server.let_polls_go()
    validator.close()
