"""Protects an API with opaque tokens: asks the authorization server about each and lets only good ones through.

This package imports nothing but the standard library; only `resource_protector` needs Flask. It can be copied or
installed elsewhere under another name.
"""

from .errors import (
    CannotValidateError,
    InsufficientScopeError,
    InvalidTokenError,
    MalformedRequestError,
    NotLetThroughError,
    NoTokenError,
)
from .introspection_client import IntrospectionClient
from .introspection_response import ActiveToken
from .token_validator import TokenValidator

__all__ = [
    "ActiveToken",
    "CannotValidateError",
    "InsufficientScopeError",
    "IntrospectionClient",
    "InvalidTokenError",
    "MalformedRequestError",
    "NoTokenError",
    "NotLetThroughError",
    "TokenValidator",
]
