"""A client may ask so much: `RateLimit` headers, and 429 beyond (draft-ietf-httpapi-ratelimit-headers-11)."""

from flask import Response, after_this_request, request

from fit_service.storage.request_counters import Quota, RequestCounters, Use
from fit_service.web.errors import QuotaExceededError
from shared.resource_server import ActiveToken, Challenge, InvalidTokenError, Need, PresentedProof, TokenValidator
from shared.service.client_network import client_network


class ClientQuota:
    """It limits what one client may ask for one person."""

    def __init__(self, counters: RequestCounters, limit: int) -> None:
        self._counters = counters
        self._quota = Quota("default", limit) if limit else None

    def count(self, token: ActiveToken) -> None:
        """Count this request and announce what is left. Raises QuotaExceededError."""
        if self._quota is None:
            return
        use = self._counters.count(self._quota, token.client_id, token.subject)
        _announce(self._quota, use)
        if use.exceeded:
            raise QuotaExceededError(
                f"More than {self._quota.limit} requests in {self._quota.window} s.", self._quota.name, use.seconds
            )


class ThrottledValidator:
    """It validates tokens, but asks no more about unknown ones for a network from which too many invalid ones came.

    Else garbage that is sent to us would be load for the authorization server. Tokens that are known to be good need no
    asking and are let through, so one broken app doesn't stop others at the same address.
    """

    def __init__(self, validator: TokenValidator, counters: RequestCounters, limit: int) -> None:
        self._validator = validator
        self._counters = counters
        self._quota = Quota("invalid-tokens", limit) if limit else None

    @property
    def challenge(self) -> Challenge:
        """Refusals say this of the resource server."""
        return self._validator.challenge

    def validate(
        self,
        authorization: str | None,
        *needs: Need,
        proof: PresentedProof | None = None,
        fresh: bool = False,
    ) -> ActiveToken:
        """Validate as TokenValidator does. Raises QuotaExceededError too."""
        if self._quota is None:
            return self._validator.validate(authorization, *needs, proof=proof, fresh=fresh)
        address = client_network(request.remote_addr)
        use = self._counters.look(self._quota, address)
        if use.exceeded and not self._validator.knows(authorization):
            raise QuotaExceededError("Too many invalid tokens came from there.", self._quota.name, use.seconds)
        try:
            return self._validator.validate(authorization, *needs, proof=proof, fresh=fresh)
        except InvalidTokenError:
            self._counters.count(self._quota, address)
            raise


def _announce(quota: Quota, use: Use) -> None:
    @after_this_request
    def add_headers(response: Response) -> Response:
        response.headers["RateLimit-Policy"] = f'"{quota.name}";q={quota.limit};w={quota.window}'
        response.headers["RateLimit"] = f'"{quota.name}";r={use.remaining};t={use.seconds}'
        return response
