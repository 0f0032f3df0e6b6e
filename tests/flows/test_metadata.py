"""RFC 8414: what the server says about itself is so."""

import pytest
import requests

from tests.support.actions import DEVICE_CODE, TIMEOUT, Actions

WELL_KNOWN = "/.well-known/oauth-authorization-server"


def metadata(actions: Actions) -> dict[str, object]:
    answer = requests.get(actions.stack.auth + WELL_KNOWN, timeout=TIMEOUT)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    body: dict[str, object] = answer.json()
    return body


@pytest.mark.clause("RFC 8414 §3.3")
def test_the_issuer_is_the_address_it_was_asked_at(actions: Actions) -> None:
    assert metadata(actions)["issuer"] == actions.stack.auth


@pytest.mark.clause("RFC 8414 §2")
def test_it_announces_what_works_and_nothing_else(actions: Actions) -> None:
    said = metadata(actions)
    assert said["response_types_supported"] == ["code"]
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert said["authorization_response_iss_parameter_supported"] is True
    grant_types = said["grant_types_supported"]
    assert isinstance(grant_types, list)
    assert sorted(grant_types) == ["authorization_code", "client_credentials", "refresh_token", DEVICE_CODE]
    methods = said["token_endpoint_auth_methods_supported"]
    assert isinstance(methods, list)
    assert sorted(methods) == ["client_secret_basic", "client_secret_post", "none", "private_key_jwt"]
    algorithms = said["token_endpoint_auth_signing_alg_values_supported"]
    assert isinstance(algorithms, list)
    assert sorted(algorithms) == ["ES256", "Ed25519", "EdDSA", "PS256", "RS256"]


@pytest.mark.clause("RFC 8414 §2")
def test_every_announced_endpoint_answers(actions: Actions) -> None:
    said = metadata(actions)
    endpoints = {name: str(address) for name, address in said.items() if name.endswith("_endpoint")}
    assert set(endpoints) >= {
        "authorization_endpoint",
        "token_endpoint",
        "introspection_endpoint",
        "revocation_endpoint",
    }
    for name, address in endpoints.items():
        assert address.startswith(actions.stack.auth + "/")
        status = requests.post(address, timeout=TIMEOUT, allow_redirects=False).status_code
        assert status not in {404, 500}, name


@pytest.mark.clause("RFC 6749 §5.2")
def test_a_grant_type_that_is_not_announced_is_not_supported(actions: Actions) -> None:
    app = actions.app()
    for grant_type in ("password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer"):
        answer = app.token_request({"grant_type": grant_type, "username": "mo", "password": "x"})
        assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")
