"""Did the person behind a token prove who they are surely and lately enough for this? (RFC 9470)."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from .errors import InsufficientUserAuthenticationError
from .introspection.response import ActiveToken

_CLASS = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")
"""A class is a word in a quoted text (RFC 9110 §5.6.4)."""


@dataclass(frozen=True, slots=True)
class NeededAuthentication:
    """What is protected needs a sign-in of one of these classes, and so long ago at most."""

    acr_values: tuple[str, ...] = ()
    max_age: int | None = None
    """It is in seconds."""

    def check(self, token: ActiveToken) -> ActiveToken:
        """Return the token if it is enough. What nobody said is not. Raises InsufficientUserAuthenticationError."""
        is_of_class = not self.acr_values or token.acr in self.acr_values
        is_recent = self.max_age is None or (
            token.auth_time is not None and time.time() - token.auth_time <= self.max_age
        )
        if not is_of_class or not is_recent:
            raise InsufficientUserAuthenticationError(self.acr_values, self.max_age, scheme=token.scheme)
        return token


def needed_authentication(acr: str | Sequence[str] | None = None, max_age: int | None = None) -> NeededAuthentication:
    """Return what is needed: a sign-in of this class, or of one of these, and not longer ago than so many seconds.

    It may stand among scopes: in a middleware's rule, or where Django REST Framework's views name theirs. Raises
    ValueError for what no challenge could say, and for nothing at all, which any sign-in would meet.
    """
    acr_values = (acr,) if isinstance(acr, str) else tuple(acr or ())
    if not acr_values and (acr is not None or max_age is None):
        raise ValueError("name a class or a max_age: without one any sign-in would do")
    if not all(_CLASS.fullmatch(value) for value in acr_values):
        raise ValueError(f"{acr!r}: a class has printable characters without blanks, quotes and backslashes")
    if max_age is not None and max_age < 0:
        raise ValueError("max_age is a number of seconds")
    return NeededAuthentication(acr_values, max_age)
