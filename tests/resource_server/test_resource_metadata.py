"""Where a protected resource describes itself (RFC 9728 §3.1)."""

import pytest

from shared.resource_server import metadata_address


@pytest.mark.clause("RFC 9728 §3.1")
@pytest.mark.parametrize(
    ("resource", "address"),
    [
        ("https://plans.example", "https://plans.example/.well-known/oauth-protected-resource"),
        ("https://plans.example/", "https://plans.example/.well-known/oauth-protected-resource"),
        ("https://plans.example/one", "https://plans.example/.well-known/oauth-protected-resource/one"),
        ("https://plans.example:8443/one/", "https://plans.example:8443/.well-known/oauth-protected-resource/one/"),
        ("https://plans.example/one?k=1", "https://plans.example/.well-known/oauth-protected-resource/one?k=1"),
        ("https://plans.example/?k=1", "https://plans.example/.well-known/oauth-protected-resource?k=1"),
    ],
)
def test_the_well_known_path_is_inserted_before_the_resources_own(resource: str, address: str) -> None:
    assert metadata_address(resource) == address
