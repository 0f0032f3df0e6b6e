"""What a stranger's own tests are made with: `testing.py` of the kit."""

from collections.abc import Iterator

import pytest

from shared.resource_server import (
    CannotValidateError,
    InsufficientScopeError,
    InvalidTokenError,
    TokenValidator,
    any_of,
    connect,
)
from shared.resource_server.testing import FakeAuthorizationServer, fake_authorization_server
from tests.support.polling import eventually

RESOURCE = "https://journal.example/"


@pytest.fixture
def server() -> Iterator[FakeAuthorizationServer]:
    with fake_authorization_server(RESOURCE) as running:
        yield running


@pytest.fixture
def validator(server: FakeAuthorizationServer) -> Iterator[TokenValidator]:
    validator = connect(**server.connection, deadline=30.0)
    validator.check()
    yield validator
    server.let_polls_go()
    validator.close()


def test_it_issues_what_a_test_wants(server: FakeAuthorizationServer, validator: TokenValidator) -> None:
    token = server.issue("journal:read", "journal:write", sub="mo", tenant={"name": "a"})
    validated = validator.validate(f"Bearer {token}", "journal:read", any_of("journal:admin", "journal:write"))
    assert (validated.subject, validated.scopes) == ("mo", {"journal:read", "journal:write"})
    assert validated.claims["tenant"] == {"name": "a"}
    with pytest.raises(InsufficientScopeError):
        validator.validate(f"Bearer {server.issue()}", "journal:read")
    with pytest.raises(InvalidTokenError):
        validator.validate(f"Bearer {server.issue(aud=['https://other.example/'])}")
    with pytest.raises(CannotValidateError):
        validator.validate(f"Bearer {server.issue(sub=None)}")


def test_it_tells_what_it_revokes(server: FakeAuthorizationServer, validator: TokenValidator) -> None:
    token, of_grant = server.issue("journal:read"), server.issue("journal:read", grant_id="g")
    narrowed = server.issue("journal:read", "journal:write", grant_id="n")

    def remembered(token: str) -> bool:
        return validator.knows(f"Bearer {token}")

    for each in (token, of_grant, narrowed):
        eventually(lambda each=each: validator.validate(f"Bearer {each}") and remembered(each))
    server.revoke(token)
    server.revoke_grant("g")
    server.narrow_grant("n", "journal:read")
    eventually(lambda: not any(remembered(each) for each in (token, of_grant, narrowed)))
    for each in (token, of_grant):
        with pytest.raises(InvalidTokenError):
            validator.validate(f"Bearer {each}")
    with pytest.raises(InsufficientScopeError):
        validator.validate(f"Bearer {narrowed}", "journal:write")


def test_it_can_be_away(server: FakeAuthorizationServer, validator: TokenValidator) -> None:
    server.down = True
    with pytest.raises(CannotValidateError):
        validator.validate(f"Bearer {server.issue()}")


@pytest.mark.clause("RFC 9728 §2")
def test_a_validator_describes_its_api(server: FakeAuthorizationServer, validator: TokenValidator) -> None:
    assert validator.metadata("journal:read") == {
        "resource": RESOURCE,
        "authorization_servers": [server.issuer],
        "scopes_supported": ["journal:read"],
        "bearer_methods_supported": ["header"],
    }
