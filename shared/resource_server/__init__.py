"""Protects an API with opaque tokens: known ones are validated from memory, and what was revoked is refused at once.

This package imports nothing but the standard library; each module for a framework imports that, and `dpop` joserfc. It
is installed elsewhere under another name.
"""

from .access_rules import OPEN, OPTIONAL, Needs
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
from .other_server import connect_to_other_server
from .resource_metadata import metadata_address, metadata_path
from .scopes import any_of
from .token_validator import TokenValidator

__version__ = "0.1.0"

__all__ = [
    "OPEN",
    "OPTIONAL",
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
    "__version__",
    "any_of",
    "connect",
    "connect_to_other_server",
    "metadata_address",
    "metadata_path",
]
