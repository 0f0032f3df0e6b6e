"""Protects an API with opaque tokens: known ones are validated from memory, and what was revoked is refused at once.

This package imports nothing but the standard library; only `resource_protector` needs Flask, and `dpop` joserfc. It can
be installed elsewhere under another name.
"""

from .access_rules import OPEN, Needs
from .components import connect
from .errors import (
    CannotValidateError,
    InsufficientScopeError,
    InvalidTokenError,
    MalformedRequestError,
    MisconfiguredError,
    NotLetThroughError,
    NoTokenError,
)
from .introspection_response import ActiveToken
from .token_validator import TokenValidator

__all__ = [
    "OPEN",
    "ActiveToken",
    "CannotValidateError",
    "InsufficientScopeError",
    "InvalidTokenError",
    "MalformedRequestError",
    "MisconfiguredError",
    "Needs",
    "NoTokenError",
    "NotLetThroughError",
    "TokenValidator",
    "connect",
]
