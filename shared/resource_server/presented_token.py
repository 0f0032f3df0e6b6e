"""What a request presents: an access token under one of two schemes, and a DPoP proof beside a token that is bound."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from urllib.parse import parse_qs

from .errors import InvalidTokenError, MalformedRequestError, NoTokenError

_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
MAX_LENGTH = 2048
"""A token with more characters, ten times as many as ours have, is not sent anywhere."""
_USUAL = re.compile(rf"(Bearer|DPoP) ([A-Za-z0-9\-._~+/]{{1,{MAX_LENGTH}}})")
"""Almost every header is so, and looked at once."""
_NOTHING = sha256()
"""It is copied: to make another has OpenSSL look for the algorithm each time, a fifth of what a known token costs.
BLAKE2 would be quicker still, but there are Pythons that refuse it (FIPS 140).
"""


class Scheme(StrEnum):
    """A token is presented in one of these ways."""

    BEARER = "Bearer"
    """Whoever has it may use it (RFC 6750)."""
    DPOP = "DPoP"
    """Who uses it proves to hold the key that it is bound to (RFC 9449)."""


_SCHEMES = {written: scheme for scheme in Scheme for written in (scheme.value, scheme.lower())}


@dataclass(slots=True)  # to freeze it takes a tenth of what a known token costs
class PresentedToken:
    """Nothing is known of it but its form."""

    scheme: Scheme
    text: str = field(repr=False)

    @property
    def memory_key(self) -> bytes:
        """Return what it is remembered under: its digest in bytes. To make its text, the `jti`, takes as long again."""
        hashing = _NOTHING.copy()
        hashing.update(self.text.encode())
        return hashing.digest()


@dataclass(frozen=True, slots=True)
class PresentedProof:
    """It is the `DPoP` header, and what a proof has to be made for."""

    header: str
    """Several headers arrive as one with commas."""
    method: str
    path: str
    """It is percent-encoded, as the application sees it."""


EARLIER = PresentedProof("", "", "")
"""It stands for a proof that was found good when the connection began, and is used up."""


def presented_token(authorization: str | None) -> PresentedToken:
    """Return the token of an `Authorization` header (RFC 6750 §2.1, RFC 9449 §7.1).

    Raises NoTokenError, MalformedRequestError if it is none or several, or InvalidTokenError if it can't be one.
    """
    if authorization and (usual := _USUAL.fullmatch(authorization)):
        return PresentedToken(_SCHEMES[usual[1]], usual[2])
    name, _, rest = authorization.strip().partition(" ") if authorization else ("", "", "")
    scheme, token = _SCHEMES.get(name.lower()), rest.lstrip(" ")
    if scheme is None:
        raise NoTokenError
    if len(token) > MAX_LENGTH or _TOKEN.fullmatch(token) is None:
        if not token or " " in token or "," in token:
            raise MalformedRequestError(scheme=scheme)
        raise InvalidTokenError("malformed", scheme=scheme)
    return PresentedToken(scheme, token)


def refuse_second_token(authorization: str | None, query: str) -> None:
    """Raise MalformedRequestError for two tokens at once; one in the query alone is none at all (RFC 9700 §4.3.2)."""
    if authorization and "access_token" in query and "access_token" in parse_qs(query, keep_blank_values=True):
        raise MalformedRequestError
