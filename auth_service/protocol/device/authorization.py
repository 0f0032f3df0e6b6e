"""Device authorization (RFC 8628 §3.1–3.3): a device gets two codes, a person decides with one of them in a browser.

How the device then gets its tokens with the other is `grant.py`.
"""

from authlib.oauth2.rfc6749 import UnauthorizedClientError
from authlib.oauth2.rfc8628 import DEVICE_CODE_GRANT_TYPE

from auth_service.crypto.token_handle import TokenKind, new_grant_id
from auth_service.models.client import Client
from auth_service.models.device_authorization import DeviceAuthorization
from auth_service.protocol.authorization_server import AuthorizationServer, ServerParts
from auth_service.protocol.clients.authentication import CLIENT_AUTH_METHODS
from auth_service.protocol.device.user_code import new_user_code, shown
from auth_service.protocol.errors import TooManyRequestsError
from auth_service.protocol.grants.creation import Decision, begin_grant
from auth_service.protocol.oauth_request import ProtocolRequest, ProtocolResponse
from auth_service.protocol.resource_indicators import Target, requested_target

DEVICE_CODE_LIFETIME = 600
"""Seconds for a person to find a browser, sign in and decide, and for the device to hear of it."""
INTERVAL = 5
"""Seconds that a device waits between two polls, at first."""


def device_authorization(server: AuthorizationServer, request: ProtocolRequest) -> ProtocolResponse:
    """Let a device begin to wait: client first, then what it asks for, then the two codes (§3.2).

    Raises an OAuth2Error.
    """
    parts = server.parts
    client = server.authenticate_client(request, CLIENT_AUTH_METHODS, "device_authorization")
    request.refuse_repeated()
    if not client.check_grant_type(DEVICE_CODE_GRANT_TYPE):
        raise UnauthorizedClientError("The client may not use this grant.")
    target = requested_target(parts.resource_servers.all(), client, request)
    if client.public and (wait := parts.throttle.unproven_request(request.remote_address)):
        raise TooManyRequestsError(wait)
    device_code = parts.keys.make(TokenKind.DEVICE_CODE, new_grant_id(), 0)
    device = DeviceAuthorization(
        device_code.grant_id, client.client_id, target.scopes, target.audience, device_code.digest
    )
    user_code = _wait_under_new_code(parts, device)
    answer = {
        "device_code": device_code.text,
        "user_code": shown(user_code),
        "verification_uri": f"{parts.issuer}/device",
        "verification_uri_complete": f"{parts.issuer}/device?user_code={shown(user_code)}",
        "expires_in": DEVICE_CODE_LIFETIME,
        "interval": INTERVAL,
    }
    return ProtocolResponse(200, answer)


def decide(parts: ServerParts, device: DeviceAuthorization, client: Client, decision: Decision) -> bool:
    """Let the device be told what the person decided; whether it was allowed.

    Who ticked nothing said no. An allowed device's code becomes the grant's first one-time credential, for what is left
    of its life. The grant begins before the device is forgotten: in between, it hears that the decision is pending.
    """
    requested, seconds_left = Target(device.scopes, device.audience), parts.devices.seconds_left(device.grant_id)
    allowed = decision.allows_some_of(requested) and seconds_left > 0
    if allowed:
        allowed = begin_grant(
            parts,
            client,
            decision,
            requested,
            grant_id=device.grant_id,
            code_digest=device.code_digest,
            lifetime=seconds_left,
        )
    (parts.devices.remove if allowed else parts.devices.deny)(device.grant_id)
    return allowed


def _wait_under_new_code(parts: ServerParts, device: DeviceAuthorization) -> str:
    user_code = new_user_code()
    while not parts.devices.add(device, user_code, INTERVAL):
        user_code = new_user_code()
    return user_code
