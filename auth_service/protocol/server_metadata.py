"""The authorization server says what it can do (RFC 8414). Its grants are those that it was given."""

from auth_service.models.authentication import ACR_VALUES
from auth_service.models.language import LANGUAGES
from auth_service.protocol.authorization.request import AuthorizationRequest
from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.clients.authentication import CLIENT_AUTH_METHODS
from auth_service.protocol.clients.keys import SIGNING_ALGORITHMS
from auth_service.protocol.grants.code_challenge import METHOD
from auth_service.protocol.openid import id_token, userinfo
from auth_service.protocol.openid.authentication_request import PROMPTS
from auth_service.protocol.openid.userinfo import userinfo_resource
from auth_service.protocol.tokens.introspection import CALLER_AUTH_METHODS
from auth_service.protocol.tokens.signed_introspection import ALGORITHM as SIGNED_INTROSPECTION_ALGORITHM
from auth_service.protocol.tokens.signing_keys import ALGORITHMS
from auth_service.storage.resource_servers import ResourceServerStore
from shared.resource_server.dpop import ALGORITHMS as DPOP_ALGORITHMS


def server_metadata(
    server: AuthorizationServer,
    resource_servers: ResourceServerStore,
    *,
    registers_clients: bool,
    takes_documents: bool,
) -> dict[str, object]:
    """Describe the server (RFC 8414 §2, RFC 8628 §4, RFC 9126 §5, RFC 9207 §3).

    `registers_clients` and `takes_documents`: there are these ways for clients that no operator registered.
    """
    issuer = server.issuer
    registration = {"registration_endpoint": f"{issuer}/register"} if registers_clients else {}
    documents = {"client_id_metadata_document_supported": True} if takes_documents else {}
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
        **documents,
        "scopes_supported": sorted(resource_servers.scopes()),
        "response_types_supported": sorted(AuthorizationRequest.RESPONSE_TYPES),
        "response_modes_supported": ["query"],
        "grant_types_supported": server.grant_types,
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
    """Return what OpenID Connect Discovery §3 adds. Silence about `request_uri` would mean yes."""
    return {
        "userinfo_endpoint": userinfo_resource(issuer),
        "end_session_endpoint": f"{issuer}/logout",
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(ALGORITHMS),
        "claims_supported": list(dict.fromkeys((*id_token.CLAIMS, *userinfo.CLAIMS))),
        "acr_values_supported": list(ACR_VALUES),
        "prompt_values_supported": list(PROMPTS),
        "ui_locales_supported": list(LANGUAGES),
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }
