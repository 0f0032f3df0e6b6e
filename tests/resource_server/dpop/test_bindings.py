"""What a token's binding to a key says, and which address a proof has to be made for (RFC 9449 §6.2, §4.3)."""

from typing import Any

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client
from werkzeug.wrappers import Response

from shared.resource_server import CannotValidateError, NoTokenError, PresentedProof, TokenValidator, wsgi_middleware
from shared.resource_server.dpop import Dpop
from tests.resource_server.dpop.bound_tokens import ADDRESS, KEY, validator_of
from tests.support.small_authorization_server import SmallAuthorizationServer


@pytest.mark.clause("RFC 9449 §6.2")
@pytest.mark.parametrize("cnf", ["jkt", [], {}, {"jkt": 1}, {"jkt": None}, {"x5t#S256": "x"}, {"jkt": "x", "kid": "y"}])
def test_a_binding_that_cannot_be_understood_is_no_answer(
    validator: TokenValidator, server: SmallAuthorizationServer, cnf: Any
) -> None:
    token = server.issue("a", token_type="DPoP", cnf=cnf)
    with pytest.raises(CannotValidateError):
        validator.validate(f"DPoP {token}")


@pytest.mark.clause("RFC 9449 §6.2")
@pytest.mark.parametrize("claims", [{"token_type": "Bearer", "cnf": {"jkt": "x"}}, {"token_type": "DPoP"}])
@pytest.mark.parametrize("scheme", ["Bearer", "DPoP"])
def test_a_token_whose_type_contradicts_its_binding_is_invalid(
    validator: TokenValidator, server: SmallAuthorizationServer, claims: dict[str, Any], scheme: str
) -> None:
    token = server.issue("a", **claims)
    with pytest.raises(Exception, match="token type"):
        validator.validate(f"{scheme} {token}")


def test_memory_alone_never_lets_a_bound_token_through(validator: TokenValidator, token: str) -> None:
    def proof() -> PresentedProof:
        return PresentedProof(KEY.proof("GET", f"{ADDRESS}/plans", token=token), "GET", "/plans")

    assert validator.validate(f"DPoP {token}", proof=proof()).jkt == KEY.thumbprint
    assert validator.validate(f"DPoP {token}", proof=proof(), fresh=True).jkt == KEY.thumbprint
    assert validator.remembered(f"DPoP {token}") is None
    with pytest.raises(NoTokenError):
        validator.remembered(None)


def test_a_service_behind_a_proxy_that_cuts_off_a_path_says_so(server: SmallAuthorizationServer, token: str) -> None:
    validator = validator_of(server, Dpop("https://api.example/plans/v1/"))
    proof = KEY.proof("GET", "https://api.example/plans/v1/7", token=token)
    assert validator.validate(f"DPoP {token}", proof=PresentedProof(proof, "GET", "/7")).jkt == KEY.thumbprint
    server.let_polls_go()
    validator.close()


def test_where_an_application_is_mounted_is_part_of_the_address(validator: TokenValidator, token: str) -> None:
    protected = wsgi_middleware.TokenMiddleware(Response("through"), validator)
    client = Client(DispatcherMiddleware(Response("elsewhere"), {"/v1": protected}))
    addresses = {f"{ADDRESS}/v1/plans": 200, f"{ADDRESS}/plans": 401}
    for address, status in addresses.items():
        headers = {"Authorization": f"DPoP {token}", "DPoP": KEY.proof("GET", address, token=token)}
        assert client.get("/v1/plans", headers=headers).status_code == status
