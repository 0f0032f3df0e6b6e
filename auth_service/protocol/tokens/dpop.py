"""DPoP (RFC 9449) at the authorization server finds out which key a request proves to hold.

What makes a proof good is `shared/resource_server/dpop/proof.py`. What gets bound to the key: access tokens by their
claims (`issuance.py`), a public client's refresh tokens by `storage/rotate.lua`, codes by `dpop_jkt`.
"""

import re
import time

from authlib.oauth2.rfc6749 import InvalidRequestError

from auth_service.protocol.errors import InvalidDpopProofError, UseDpopNonceError
from auth_service.protocol.oauth_request import ProtocolRequest
from auth_service.storage.replay_cache import ReplayCache
from shared.resource_server.dpop import PROOF_LIFETIME, Dpop, DpopNonces, InvalidProofError, read_proof

_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


class DpopProofs:
    """It accepts each proof once. With `nonces`, every proof must carry one of them."""

    def __init__(self, replays: ReplayCache, nonces: DpopNonces | None) -> None:
        self._used = _UsedProofs(replays)
        self._nonces = nonces

    def proven_key(self, proof: str, request: ProtocolRequest) -> str:
        """Return the thumbprint of the key whose possession the request proves with its `DPoP` header, `proof`.

        Raises:
            InvalidDpopProofError: a proof that is not good for this request, or was used before.
            UseDpopNonceError: a nonce is demanded, and the proof has none or an old one.
        """
        try:
            read = read_proof(proof, method=request.method, address=request.uri, now=time.time())
        except InvalidProofError as problem:
            raise InvalidDpopProofError(str(problem)) from None
        if self._nonces and not self._nonces.is_recent(read.nonce):
            raise UseDpopNonceError(self._nonces.current())
        if not self._used.use_once(read.digest, PROOF_LIFETIME):
            raise InvalidDpopProofError("The proof was used before.")
        return read.jkt

    def next_nonce(self) -> list[tuple[str, str]]:
        """Return the header that spares a client the next refusal (§8.2), if nonces are demanded (§11.3)."""
        return [("DPoP-Nonce", self._nonces.current())] if self._nonces else []

    def for_resource(self, address: str) -> Dpop:
        """Return the same for requests that present a token, at a resource of our own."""
        return Dpop(address, used=self._used, nonces=self._nonces)


class _UsedProofs:
    """It is our replay cache, in the way that the kit wants."""

    def __init__(self, replays: ReplayCache) -> None:
        self._replays = replays

    def use_once(self, digest: str, lifetime: int) -> bool:
        """Say whether this is the first use. Raises what the store raises."""
        return self._replays.use_once("dpop", "", digest, lifetime)


def requested_dpop_jkt(request: ProtocolRequest) -> str:
    """Return the key to which a request wants its code bound (§10), if any. Raises InvalidRequestError."""
    thumbprint = request.form.get("dpop_jkt", "")
    if thumbprint and _THUMBPRINT.fullmatch(thumbprint) is None:
        raise InvalidRequestError("dpop_jkt must be the SHA-256 thumbprint of a key, in base64url.")
    return thumbprint
