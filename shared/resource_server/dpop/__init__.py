"""Tokens that are bound to a key get through only with a proof of that key (RFC 9449). Needs joserfc.

validator = connect(…, dpop=Dpop("https://plans.example"))
"""

from .check import Dpop
from .nonces import DpopNonces
from .proof import ALGORITHMS, CLOCK_WINDOW, PROOF_LIFETIME, InvalidProofError, Proof, read_proof
from .used_proofs import ProofsUsedHere, UsedProofs

__all__ = [
    "ALGORITHMS",
    "CLOCK_WINDOW",
    "PROOF_LIFETIME",
    "Dpop",
    "DpopNonces",
    "InvalidProofError",
    "Proof",
    "ProofsUsedHere",
    "UsedProofs",
    "read_proof",
]
