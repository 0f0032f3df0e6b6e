"""How an authorization request stands: what has to happen before it is answered, and what an answer would rest on."""

from dataclasses import dataclass
from typing import Any

from authlib.oauth2 import OAuth2Error

from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.oauth_request import ProtocolRequest
from auth_service.protocol.openid.authentication_request import Next, SignedIn
from auth_service.storage.consents import ConsentStore


@dataclass(frozen=True, slots=True)
class Assessment:
    """A request that was checked, for whoever sits at the browser."""

    grant: Any
    """Authlib's, with what the request asks for."""
    step: Next
    withdrawals: int
    """How often they had taken something back from the client; see Decision."""


def assess(
    server: AuthorizationServer,
    consents: ConsentStore,
    request: ProtocolRequest,
    received_at: float,
    signed_in: SignedIn | None,
) -> Assessment:
    """Check a request that came at `received_at`, in epoch seconds, and see what it needs.

    Consent is remembered per account, client and scope, but only where no other program can pose as the client.
    Raises an OAuth2Error that redirects only if client and address are beyond doubt.
    """
    grant = server.validate_authorization_request(request)
    withdrawals, remembered = 0, False
    if signed_in is not None:
        # Counted before it is looked what is remembered: what is taken back in between is missed by neither.
        withdrawals = consents.withdrawals(signed_in.subject, grant.client.client_id)
        allowed = consents.scopes(signed_in.subject, grant.client.client_id)
        remembered = grant.client.identity_assured and allowed >= set(grant.target.scopes)
    try:
        step = grant.authentication.next_step(received_at, signed_in, consent_remembered=remembered)
    except OAuth2Error as refusal:
        refusal.redirect_uri = grant.redirect_uri
        raise
    return Assessment(grant, step, withdrawals)
