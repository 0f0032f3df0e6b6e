"""RFC 9728: the Fit API says which authorization server to ask, and what it says is enough to begin."""

import re

import pytest

from shared.resource_server.dpop import ALGORITHMS
from tests.support.actions import READ, WRITE, Actions, Verifier, redirect_parameters, tokens

WELL_KNOWN = "/.well-known/oauth-protected-resource"


@pytest.mark.clause("RFC 9728 §3.1", line=86)
@pytest.mark.parametrize("path", ["/api/", "/api/body_weight/"])
def test_the_description_is_found_at_the_path_of_the_resource_that_it_names(actions: Actions, path: str) -> None:
    answer = actions.fit("GET", WELL_KNOWN + path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json() == {
        "resource": actions.stack.fit + path,
        "authorization_servers": [actions.stack.auth],
        "scopes_supported": [READ, WRITE],
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
    }


@pytest.mark.clause("RFC 9728 §3.1")
@pytest.mark.parametrize("path", ["", "/", "/api/other/", "/api/body_weight/x"])
def test_what_is_no_resource_has_no_description(actions: Actions, path: str) -> None:
    answer = actions.fit("GET", WELL_KNOWN + path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.clause("RFC 9728 §5.1", line=87)
def test_every_challenge_names_the_description(actions: Actions) -> None:
    read_only = actions.app(scopes=[READ]).connect(actions.person()).access
    refusals = [
        actions.fit("GET"),
        actions.fit("GET", token="nonsense"),
        actions.fit("GET", token="not a token"),
        actions.fit("POST", token=read_only, json={}),
    ]
    assert [answer.status_code for answer in refusals] == [401, 401, 400, 403]
    for answer in refusals:
        challenges = answer.headers["WWW-Authenticate"]
        named = f'resource_metadata="{actions.stack.fit}{WELL_KNOWN}/api/body_weight/"'
        assert challenges.count(named) == 1


@pytest.mark.clause("RFC 9728 §5")
def test_a_client_that_knows_only_the_api_finds_all_it_needs(actions: Actions) -> None:
    """From the challenge to the description, to the issuer, to a token for exactly that resource (RFC 8707)."""
    stack, app, verifier = actions.stack, actions.app(), Verifier()
    [address] = re.findall(r'resource_metadata="([^"]+)"', actions.fit("GET").headers["WWW-Authenticate"])
    described = actions.fit("GET", address.removeprefix(stack.fit)).json()
    assert described["authorization_servers"] == [stack.auth]
    url = app.authorize_url(verifier, resource=described["resource"], scope=" ".join(described["scopes_supported"]))
    code = redirect_parameters(actions.person().decide(url, described["scopes_supported"]))["code"]
    granted = tokens(app.exchange(code, verifier, resource=described["resource"]))
    assert actions.introspect(granted.access)["aud"] == [stack.fit_credentials.resource]
    assert actions.fit("GET", token=granted.access).status_code == 200
