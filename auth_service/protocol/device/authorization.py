"""A device gets two codes, and a person decides with one of them in a browser (RFC 8628 §3.1–3.3).

How the device then gets its tokens with the other is `device_code.py`.
"""

from authlib.oauth2.rfc6749 import UnauthorizedClientError
from authlib.oauth2.rfc8628 import DEVICE_CODE_GRANT_TYPE

from auth_service.crypto.token_handle import TokenKeyRing, TokenKind, new_grant_id
from auth_service.models.client import Client
from auth_service.models.device_authorization import DeviceAuthorization
from auth_service.protocol.clients.authentication import CLIENT_AUTH_METHODS, ClientAuthentication
from auth_service.protocol.device.user_code import new_user_code, shown
from auth_service.protocol.errors import TooManyRequestsError
from auth_service.protocol.grants.creation import Decision, FirstCredential, GrantCreation
from auth_service.protocol.oauth_request import ProtocolRequest, ProtocolResponse
from auth_service.protocol.resource_indicators import Target, requested_target
from auth_service.storage.device_authorizations import DeviceAuthorizationStore
from auth_service.storage.resource_servers import ResourceServerStore
from auth_service.storage.throttle import Throttle

DEVICE_CODE_LIFETIME = 600
"""So many seconds a person has to find a browser, sign in and decide, and the device to hear of it."""
INTERVAL = 5
"""A device waits so many seconds between two polls, at first."""


class DeviceAuthorizationEndpoint:
    """It lets devices begin to wait."""

    def __init__(
        self,
        issuer: str,
        authentication: ClientAuthentication[Client],
        resource_servers: ResourceServerStore,
        throttle: Throttle,
        keys: TokenKeyRing,
        devices: DeviceAuthorizationStore,
    ) -> None:
        self._issuer = issuer
        self._authentication = authentication
        self._resource_servers = resource_servers
        self._throttle = throttle
        self._keys = keys
        self._devices = devices

    def answer(self, request: ProtocolRequest) -> ProtocolResponse:
        """Look at the client first, then at what it asks for, then give the two codes (§3.2). Raises an OAuth2Error."""
        client = self._authentication.authenticate(request, CLIENT_AUTH_METHODS, "device_authorization")
        request.refuse_repeated()
        if not client.check_grant_type(DEVICE_CODE_GRANT_TYPE):
            raise UnauthorizedClientError("The client may not use this grant.")
        target = requested_target(self._resource_servers.resources(), client, request)
        if client.public and (wait := self._throttle.unproven_request(request.remote_address)):
            raise TooManyRequestsError(wait)
        device_code = self._keys.make(TokenKind.DEVICE_CODE, new_grant_id(), 0)
        user_code = self._wait_under_new_code(
            DeviceAuthorization(
                device_code.grant_id, client.client_id, target.scopes, target.audience, device_code.digest
            )
        )
        answer = {
            "device_code": device_code.text,
            "user_code": shown(user_code),
            "verification_uri": f"{self._issuer}/device",
            "verification_uri_complete": f"{self._issuer}/device?user_code={shown(user_code)}",
            "expires_in": DEVICE_CODE_LIFETIME,
            "interval": INTERVAL,
        }
        return ProtocolResponse(200, answer)

    def _wait_under_new_code(self, device: DeviceAuthorization) -> str:
        user_code = new_user_code()
        while not self._devices.add(device, user_code, INTERVAL):
            user_code = new_user_code()
        return user_code


class DeviceDecisions:
    """It lets waiting devices be told what a person decided."""

    def __init__(self, devices: DeviceAuthorizationStore, creation: GrantCreation) -> None:
        self._devices = devices
        self._creation = creation

    @property
    def grant_lifetime(self) -> int:
        """A device may act so many seconds for a person who allows it."""
        return self._creation.lifetime

    def decide(self, device: DeviceAuthorization, client: Client, decision: Decision) -> bool:
        """Let a device be told what the person decided. Returns whether it was allowed.

        Who ticked nothing said no. An allowed device's code becomes the grant's first one-time credential, for what is
        left of its life. The grant begins before the device is forgotten: in between, it hears that the decision is
        pending.
        """
        requested, seconds_left = Target(device.scopes, device.audience), self._devices.seconds_left(device.grant_id)
        is_yes = decision.allows_some_of(requested)
        allowed = is_yes and seconds_left > 0
        if not is_yes:
            self._creation.decline(client, decision)
        if allowed:
            code = FirstCredential(device.grant_id, device.code_digest, seconds_left)
            allowed = self._creation.begin(client, decision, requested, code)
        (self._devices.remove if allowed else self._devices.deny)(device.grant_id)
        return allowed
