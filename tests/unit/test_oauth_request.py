"""Our request as Authlib meets it."""

from authlib.oauth2 import OAuth2Request

from auth_service.protocol.oauth_request import ProtocolRequest


def test_a_request_has_all_that_authlibs_own_begins_with() -> None:
    stock = vars(OAuth2Request("POST", "https://auth.example/token"))
    ours = ProtocolRequest("POST", "https://auth.example/token", {}, {})
    assert [name for name in stock if not hasattr(ours, name)] == []
    begun = {name: value for name, value in stock.items() if name not in {"method", "uri", "headers", "payload"}}
    assert {name: getattr(ours, name) for name in begun} == begun
