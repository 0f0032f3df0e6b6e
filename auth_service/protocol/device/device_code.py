"""With the device code grant (RFC 8628 §3.4, §3.5) a device asks until a person has decided, then gets tokens once."""

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

from auth_service.crypto.token_handle import TokenKeyRing, TokenKind
from auth_service.models.device_authorization import Poll
from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.clients.authentication import CLIENT_AUTH_METHODS
from auth_service.protocol.device.short_outage import ShortOutage
from auth_service.protocol.grants.code_exchange import CodeExchange
from auth_service.protocol.oauth_request import ProtocolRequest
from auth_service.protocol.resource_indicators import Target, narrowed_target
from auth_service.protocol.tokens.issuance import TokenAnswer
from auth_service.storage.device_authorizations import DeviceAuthorizationStore
from auth_service.storage.grant_records import GrantRecordStore
from auth_service.storage.resource_servers import ResourceServerStore


class DeviceCodeGrant(BaseGrant, TokenEndpointMixin):
    """It isn't Authlib's, which hands out tokens at each use and calls a wrong code a malformed request."""

    GRANT_TYPE = DEVICE_CODE_GRANT_TYPE
    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_AUTH_METHODS
    request: ProtocolRequest
    server: AuthorizationServer

    def __init__(
        self,
        request: ProtocolRequest,
        server: AuthorizationServer,
        keys: TokenKeyRing,
        devices: DeviceAuthorizationStore,
        records: GrantRecordStore,
        resource_servers: ResourceServerStore,
        codes: CodeExchange,
        outage: ShortOutage,
    ) -> None:
        super().__init__(request, server)
        self._keys = keys
        self._devices = devices
        self._records = records
        self._resource_servers = resource_servers
        self._codes = codes
        self._outage = outage

    def validate_token_request(self) -> None:
        """Check all that can be wrong, in this order, each with its error, before the request counts as a poll."""
        with self._outage.told_to_slow_down():
            self._check()

    def _check(self) -> None:
        request = self.request
        request.client = client = self.authenticate_token_endpoint_client()  # invalid_client
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("The client may not use this grant.")
        if "device_code" not in request.form:
            raise InvalidRequestError("device_code is required.")
        handle = self._keys.parse(request.form["device_code"])
        if handle is None or handle.kind is not TokenKind.DEVICE_CODE:
            raise InvalidGrantError("This device code is not one of ours.")
        self._same_request = self.server.same_request(request)  # invalid_request
        self.server.check_proof(request)  # invalid_dpop_proof, use_dpop_nonce
        self._handle = handle

    def create_token_response(self) -> tuple[int, TokenAnswer, list[tuple[str, str]]]:
        """Spend the code if the person allowed it: it is the grant's first one-time credential, like any other code.

        The step itself finds out that it was spent before: invalid_grant, and the end of its grant.
        """
        with self._outage.over_with_an_answer():
            return 200, self._answer(), self.TOKEN_RESPONSE_HEADER

    def _answer(self) -> TokenAnswer:
        handle, client_id = self._handle, self.request.authenticated_client.client_id
        match self._devices.poll(handle.grant_id, client_id, handle.digest):
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
        grant = self._records.find_good(handle.grant_id)
        if grant is None and self._records.find(handle.grant_id) is None:
            raise ExpiredTokenError  # we made the code, and nobody allowed it
        if grant is None:
            raise InvalidGrantError("The grant behind this device code has ended.")
        granted = Target(grant.scopes, grant.audience)
        target = narrowed_target(
            self._resource_servers.resources, granted, grant.scopes, self.request
        )  # invalid_target
        return self._codes.exchange(handle, grant, target, self._same_request, self.request)
