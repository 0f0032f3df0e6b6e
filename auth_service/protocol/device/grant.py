"""The device code grant (RFC 8628 §3.4, §3.5): a device asks until a person has decided, then gets tokens once."""

from authlib.oauth2.rfc6749 import (
    AccessDeniedError,
    BaseGrant,
    InvalidGrantError,
    InvalidRequestError,
    TokenEndpointMixin,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc8628 import (
    DEVICE_CODE_GRANT_TYPE,
    AuthorizationPendingError,
    ExpiredTokenError,
    SlowDownError,
)

from auth_service.crypto.token_handle import TokenKind
from auth_service.models.device_authorization import Poll
from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.clients.authentication import CLIENT_AUTH_METHODS
from auth_service.protocol.grants.code_exchange import exchange_code
from auth_service.protocol.oauth_request import ProtocolRequest


class DeviceCodeGrant(BaseGrant, TokenEndpointMixin):
    """Not Authlib's, which hands out tokens at each use and calls a wrong code a malformed request."""

    GRANT_TYPE = DEVICE_CODE_GRANT_TYPE
    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_AUTH_METHODS
    request: ProtocolRequest
    server: AuthorizationServer

    def validate_token_request(self) -> None:
        """Client, then grant type, then whether the code is one of ours. Touches no store but the client's."""
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("The client may not use this grant.")
        self.request.client = client
        device_code = self.request.form.get("device_code")
        if device_code is None:
            raise InvalidRequestError("device_code is required.")
        handle = self.server.parts.keys.parse(device_code)
        if handle is None or handle.kind is not TokenKind.DEVICE_CODE:
            raise InvalidGrantError("This device code is not one of ours.")
        self.handle = handle

    def create_token_response(self) -> tuple[int, dict[str, str | int], list[tuple[str, str]]]:
        """Spend the code if the person allowed it: it is the grant's first one-time credential, like any other code."""
        parts, client_id = self.server.parts, self.request.authenticated_client.client_id
        match parts.devices.poll(self.handle.grant_id, client_id, self.handle.digest):
            case Poll.PENDING:
                raise AuthorizationPendingError
            case Poll.SLOW_DOWN:
                raise SlowDownError
            case Poll.DENIED:
                raise AccessDeniedError
            case Poll.WRONG_CLIENT:
                raise InvalidGrantError("This device code is another client's.")
            case Poll.GONE:
                pass
        grant = parts.records.find_good(self.handle.grant_id)
        if grant is None and parts.records.find(self.handle.grant_id) is None:
            raise ExpiredTokenError  # we made the code, and nobody allowed it
        if grant is None:
            raise InvalidGrantError("The grant behind this device code has ended.")
        return 200, exchange_code(parts, self.handle, grant, self.request), self.TOKEN_RESPONSE_HEADER
