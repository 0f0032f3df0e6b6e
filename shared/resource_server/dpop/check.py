"""Lets a token that is bound to a key through only with a proof of that key (RFC 9449 §7). Needs joserfc.

validator = connect(…, dpop=Dpop("https://plans.example"))
"""

import time
from collections.abc import Callable

from ..errors import (
    CannotValidateError,
    InvalidDpopProofError,
    InvalidTokenError,
    NotLetThroughError,
    UseDpopNonceError,
)
from ..presented_token import PresentedProof, PresentedToken
from .nonces import DpopNonces
from .proof import ALGORITHMS, PROOF_LIFETIME, InvalidProofError, read_proof
from .used_proofs import ProofsUsedHere, UsedProofs


class Dpop:
    """It checks a proof at each call, also for a remembered token.

    Args:
        address: the service's public scheme and host, with the path that a proxy in front cuts off, if it does. Proofs
            are made for what clients see, and a Host header may lie about that.
        used: the memory of proofs that were used; by default that of this process. A service with several processes
            needs one memory for all, such as Redis: else a proof works once at each.
        nonces: if given, proofs must carry one of them, so that none can be made in advance (§9).
        clock: epoch seconds.
    """

    algorithms = ALGORITHMS

    def __init__(
        self,
        address: str,
        *,
        used: UsedProofs | None = None,
        nonces: DpopNonces | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._address = address.rstrip("/")
        self._used = used or ProofsUsedHere()
        self._nonces = nonces
        self._clock = clock

    def check(self, token: PresentedToken, proof: PresentedProof | None, jkt: str) -> None:
        """Return if the proof is good for this call with a token that is bound to the key `jkt`.

        Raises:
            InvalidDpopProofError: there is none, it is not good, or it was used before.
            InvalidTokenError: it is good, but made with another key than the token's.
            UseDpopNonceError: a nonce is demanded, and the proof has none or an old one.
            CannotValidateError: whether it was used before can't be told.
        """
        if proof is None:
            raise InvalidDpopProofError("Send a DPoP proof beside a token that is bound to a key.")
        try:
            read = read_proof(
                proof.header,
                method=proof.method,
                address=self._address + proof.path,
                now=self._clock(),
                access_token=token.text,
            )
        except InvalidProofError as problem:
            raise InvalidDpopProofError(str(problem)) from None
        if read.jkt != jkt:
            raise InvalidTokenError("bound to another key than the proof's")
        if self._nonces and not self._nonces.is_recent(read.nonce):
            raise UseDpopNonceError(self._nonces.current())
        if not self._is_first_use(read.digest):
            raise InvalidDpopProofError("The proof was used before.")

    def _is_first_use(self, digest: str) -> bool:
        try:
            return self._used.use_once(digest, PROOF_LIFETIME)
        except NotLetThroughError:
            raise
        except Exception as error:  # whoever wrote the store may not have thought of everything
            raise CannotValidateError(f"the memory of used proofs failed: {type(error).__name__}: {error}") from error
