"""The authorization endpoint without its pages checks a request, sees what has to happen first, and answers it."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from authlib.oauth2 import OAuth2Error

from auth_service.crypto.token_handle import TokenKeyRing
from auth_service.protocol.authorization.request import AuthorizationRequest
from auth_service.protocol.authorization_server import AuthorizationServer
from auth_service.protocol.grants.creation import Decision
from auth_service.protocol.oauth_request import ProtocolRequest, ProtocolResponse
from auth_service.protocol.openid.authentication_request import Next, SignedIn
from auth_service.storage.consents import ConsentStore
from auth_service.storage.grants import GrantStore


@dataclass(frozen=True, slots=True)
class Assessment:
    """A request that was checked stands so for whoever sits at the browser."""

    request: AuthorizationRequest
    step: Next
    withdrawals: int
    """It counts how often they had taken something back from the client; see Decision."""


class AuthorizationEndpoint:
    """It leads from the request of an app to the answer that the app gets; the pages do the rest."""

    def __init__(
        self,
        server: AuthorizationServer,
        make_request: Callable[[ProtocolRequest, AuthorizationServer], AuthorizationRequest],
        consents: ConsentStore,
        keys: TokenKeyRing,
        grants: GrantStore,
    ) -> None:
        self._server = server
        self._make_request = make_request
        self._consents = consents
        self._keys = keys
        self._grants = grants

    @property
    def issuer(self) -> str:
        """The authorization server has this address; the endpoint's is `/authorize` below it."""
        return self._server.issuer

    def check(self, request: ProtocolRequest) -> AuthorizationRequest:
        """Check a request. Raises an OAuth2Error that redirects only if client and address are beyond doubt."""
        checked = self._make_request(request, self._server)
        checked.validate_consent_request()
        return checked

    def assess(self, request: ProtocolRequest, received_at: float, signed_in: SignedIn | None) -> Assessment:
        """Check a request that came at `received_at`, in epoch seconds, and see what it needs.

        Consent is remembered per account, client and scope, but only where no other program can pose as the client.
        Raises an OAuth2Error that redirects only if client and address are beyond doubt.
        """
        checked = self.check(request)
        withdrawals, remembered = 0, False
        if signed_in is not None:
            # Counted before it is looked what is remembered: what is taken back in between is missed by neither.
            withdrawals = self._consents.withdrawals(signed_in.subject, checked.client.client_id)
            allowed = self._consents.scopes(signed_in.subject, checked.client.client_id)
            remembered = checked.client.identity_assured and allowed >= set(checked.target.scopes)
        try:
            step = checked.authentication.next_step(received_at, signed_in, consent_remembered=remembered)
        except OAuth2Error as refusal:
            refusal.redirect_uri = checked.redirect_uri
            raise
        return Assessment(checked, step, withdrawals)

    def answer(self, request: AuthorizationRequest, decision: Decision) -> ProtocolResponse:
        """Tell the client what was decided: with a code, or why there is none."""
        answer: ProtocolResponse = self._server.create_authorization_response(request.request, decision, request)
        return answer

    def refuse(self, request: ProtocolRequest, refusal: OAuth2Error) -> ProtocolResponse:
        """Tell the client that its request was refused, if the error redirects; if not, whoever asked."""
        return self._server.handle_error_response(request, refusal)

    def may_repeat(self, answer: str) -> bool:
        """Say whether a client can still use the answer that this address brings it: its code was not exchanged yet.

        It would exchange it again, which is a reuse and ends its grant.
        """
        [code] = parse_qs(urlsplit(answer).query).get("code", [""])
        handle = self._keys.parse(code)
        return handle is None or not self._grants.last_used([handle.grant_id])
