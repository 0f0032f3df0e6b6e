"""A request has one DPoP proof, which is used once for all that is demanded of its token.

A middleware, a router and a view may each demand something; the second of them would find the proof used.
"""

from collections.abc import Mapping, MutableMapping
from typing import Any, Protocol

from .errors import Challenge
from .introspection.response import ActiveToken
from .needs import Need
from .presented_token import EARLIER, PresentedProof

_PROVEN = "moogle_resource_server.proven"
"""What the server tells of a request has here for which validator its header was proven, by which proof."""


class Validator(Protocol):
    """It can tell whether a token is good: a TokenValidator, or something around one."""

    @property
    def challenge(self) -> Challenge:
        """Return what a refusal says of this resource server."""

    def validate(
        self,
        authorization: str | None,
        *needs: Need,
        proof: PresentedProof | None = None,
        fresh: bool = False,
    ) -> ActiveToken:
        """Return the token in the header, beside which a proof may stand. Raises a NotLetThroughError."""


def proof_left(
    request: Mapping[str, Any], validator: Validator, authorization: str | None, proof: PresentedProof | None
) -> PresentedProof | None:
    """Return the proof, or EARLIER if this validator found it good in this request, beside this header."""
    is_proven = proof is not None and request.get(_PROVEN) == (validator, authorization, proof)
    return EARLIER if is_proven else proof


def note_proven(
    request: MutableMapping[str, Any],
    validator: Validator,
    authorization: str | None,
    proof: PresentedProof | None,
) -> None:
    """Note that the validator has let this through."""
    if proof is not None:
        request[_PROVEN] = (validator, authorization, proof)


def validated(
    environ: MutableMapping[str, Any],
    validator: Validator,
    authorization: str | None,
    needs: tuple[Need, ...],
    proof: PresentedProof | None,
    *,
    fresh: bool = False,
) -> ActiveToken:
    """Return or raise what `validate` does."""
    if proof is None:
        return validator.validate(authorization, *needs, fresh=fresh)
    left = proof_left(environ, validator, authorization, proof)
    token = validator.validate(authorization, *needs, proof=left, fresh=fresh)
    note_proven(environ, validator, authorization, proof)
    return token
