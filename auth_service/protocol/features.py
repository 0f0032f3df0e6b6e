"""What this server can do: the list that is registered is the list that its metadata announces (RFC 8414)."""

from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.clients.authentication import CLIENT_AUTH_METHODS
from auth_service.protocol.clients.keys import SIGNING_ALGORITHMS
from auth_service.protocol.device.grant import DeviceCodeGrant
from auth_service.protocol.grants.authorization_code import AuthorizationCodeGrant
from auth_service.protocol.grants.client_credentials import ClientCredentialsGrant
from auth_service.protocol.grants.code_challenge import METHOD
from auth_service.protocol.grants.refresh_token import RefreshTokenGrant
from auth_service.protocol.grants.token_exchange import TokenExchangeGrant
from auth_service.protocol.openid import id_token, userinfo
from auth_service.protocol.openid.authentication_request import PROMPTS
from auth_service.protocol.openid.userinfo import userinfo_resource
from auth_service.protocol.tokens.introspection import CALLER_AUTH_METHODS
from auth_service.protocol.tokens.signed_introspection import ALGORITHM as SIGNED_INTROSPECTION_ALGORITHM
from auth_service.protocol.tokens.signing_keys import ALGORITHMS
from shared.resource_server.dpop import ALGORITHMS as DPOP_ALGORITHMS

GRANTS = (AuthorizationCodeGrant, RefreshTokenGrant, ClientCredentialsGrant, DeviceCodeGrant, TokenExchangeGrant)


def register_features(server: AuthorizationServer) -> None:
    """Give the server its grants."""
    for grant in GRANTS:
        server.register_grant(grant)


def metadata(server: AuthorizationServer) -> dict[str, object]:
    """The authorization server's description of itself (RFC 8414 §2, RFC 8628 §4, RFC 9126 §5, RFC 9207 §3, OpenID)."""
    issuer = server.parts.issuer
    registration = {"registration_endpoint": f"{issuer}/register"} if server.parts.registers_clients else {}
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "introspection_endpoint": f"{issuer}/introspect",
        "revocation_endpoint": f"{issuer}/revoke",
        "jwks_uri": f"{issuer}/jwks",
        "pushed_authorization_request_endpoint": f"{issuer}/par",
        "device_authorization_endpoint": f"{issuer}/device_authorization",
        **registration,
        "scopes_supported": sorted(server.parts.resource_servers.scopes()),
        "response_types_supported": sorted(AuthorizationCodeGrant.RESPONSE_TYPES),
        "response_modes_supported": ["query"],
        "grant_types_supported": [grant.GRANT_TYPE for grant in GRANTS],
        "token_endpoint_auth_methods_supported": list(CLIENT_AUTH_METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": list(CLIENT_AUTH_METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": list(CALLER_AUTH_METHODS),
        "introspection_signing_alg_values_supported": [SIGNED_INTROSPECTION_ALGORITHM],
        "code_challenge_methods_supported": [METHOD],
        "dpop_signing_alg_values_supported": list(DPOP_ALGORITHMS),
        "authorization_response_iss_parameter_supported": True,
        "require_pushed_authorization_requests": False,
        **_openid_connect(issuer),
    }


def _openid_connect(issuer: str) -> dict[str, object]:
    """What OpenID Connect Discovery §3 adds. Silence about `request_uri` would mean yes."""
    return {
        "userinfo_endpoint": userinfo_resource(issuer),
        "end_session_endpoint": f"{issuer}/logout",
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(ALGORITHMS),
        "claims_supported": list(dict.fromkeys((*id_token.CLAIMS, *userinfo.CLAIMS))),
        "prompt_values_supported": list(PROMPTS),
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }
