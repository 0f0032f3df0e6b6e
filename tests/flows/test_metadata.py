"""RFC 8414: what the server says about itself is so."""

import pytest
import requests

from tests.support.actions import DEVICE_CODE, TIMEOUT, TOKEN_EXCHANGE, Actions

WELL_KNOWN = "/.well-known/oauth-authorization-server"


def metadata(actions: Actions) -> dict[str, object]:
    answer = requests.get(actions.stack.auth + WELL_KNOWN, timeout=TIMEOUT)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    body: dict[str, object] = answer.json()
    return body


@pytest.mark.clause("RFC 8414 §3.3", lines=(81, 82))
def test_the_issuer_is_the_address_it_was_asked_at(actions: Actions) -> None:
    assert metadata(actions)["issuer"] == actions.stack.auth


@pytest.mark.clause("RFC 8414 §2", lines=(80, 83))
@pytest.mark.clause("RFC 9207 §2", line=85)
def test_it_announces_what_works_and_nothing_else(actions: Actions) -> None:
    said = metadata(actions)
    assert said["response_types_supported"] == ["code"]
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert said["authorization_response_iss_parameter_supported"] is True
    grant_types = said["grant_types_supported"]
    assert isinstance(grant_types, list)
    plain = ["authorization_code", "client_credentials", "refresh_token"]
    assert sorted(grant_types) == [*plain, DEVICE_CODE, TOKEN_EXCHANGE]
    methods = said["token_endpoint_auth_methods_supported"]
    assert isinstance(methods, list)
    assert sorted(methods) == ["client_secret_basic", "client_secret_post", "none", "private_key_jwt"]
    algorithms = said["token_endpoint_auth_signing_alg_values_supported"]
    assert isinstance(algorithms, list)
    assert sorted(algorithms) == ["ES256", "Ed25519", "EdDSA", "PS256", "RS256"]


@pytest.mark.clause("RFC 8414 §2", lines=(83, 84))
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


@pytest.mark.clause("RFC 8414 §3.2", line=84)
@pytest.mark.clause("RFC 6749 §3.1", line=29)
def test_no_list_is_empty_and_no_address_has_a_fragment(actions: Actions) -> None:
    said = metadata(actions)
    assert all(value for value in said.values() if isinstance(value, list))
    addresses = [
        value for name, value in said.items() if name.endswith(("_endpoint", "_uri")) and isinstance(value, str)
    ]
    assert len(addresses) >= 8
    assert not any("#" in address or "?" in address for address in addresses)


@pytest.mark.clause("RFC 8414 §2", line=83)
def test_each_endpoint_names_the_ways_to_authenticate_that_it_has(actions: Actions) -> None:
    said = metadata(actions)
    for_clients = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
    assert said["token_endpoint_auth_methods_supported"] == for_clients
    assert said["revocation_endpoint_auth_methods_supported"] == for_clients
    assert said["introspection_endpoint_auth_methods_supported"] == ["client_secret_basic", "client_secret_post"]


@pytest.mark.clause("RFC 6749 §5.2", line=84)
def test_a_grant_type_that_is_not_announced_is_not_supported(actions: Actions) -> None:
    app = actions.app()
    for grant_type in ("password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer"):
        answer = app.token_request({"grant_type": grant_type, "username": "mo", "password": "x"})
        assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


@pytest.mark.clause("RFC 8414 §2")
def test_an_operator_can_register_a_client_for_every_announced_grant(actions: Actions) -> None:
    grant_types = metadata(actions)["grant_types_supported"]
    assert isinstance(grant_types, list)
    options = [part for each in grant_types for part in ("--grant-type", each)]
    app = actions.app(*options, "--exchange-from", actions.stack.fit_credentials.resource)
    (client,) = (each for each in actions.stack.command("client", "list") if each["client_id"] == app.client_id)
    assert client["grant_types"] == grant_types
