"""Protects an API with opaque tokens: known ones are validated from memory, and what was revoked is refused at once.

This package imports nothing but the standard library; each module for a framework imports that, and `dpop` and
`private_key_jwt` joserfc. It is installed elsewhere under another name, so its modules import each other relatively.
"""

from .access_rules import OPEN, OPTIONAL, Needs, RequiredScopes, needed_scopes
from .authentication import NeededAuthentication, needed_authentication
from .back_channel import RawAnswer
from .components import connect, connect_in_process, connect_to_other_server
from .errors import (
    CannotValidateError,
    Challenge,
    InsufficientScopeError,
    InsufficientUserAuthenticationError,
    InvalidDpopProofError,
    InvalidTokenError,
    MalformedRequestError,
    MisconfiguredError,
    NotLetThroughError,
    NoTokenError,
    OutageError,
    UnusableAnswerError,
    UseDpopNonceError,
)
from .introspection.response import ActiveToken, token_digest
from .memory.asker import Introspector
from .needs import Need
from .presented_token import PresentedProof
from .resource_metadata import metadata_address, metadata_path
from .scopes import Scope, any_of
from .token_validator import TokenValidator

__version__ = "0.1.0"

__all__ = [
    "OPEN",
    "OPTIONAL",
    "ActiveToken",
    "CannotValidateError",
    "Challenge",
    "InsufficientScopeError",
    "InsufficientUserAuthenticationError",
    "Introspector",
    "InvalidDpopProofError",
    "InvalidTokenError",
    "MalformedRequestError",
    "MisconfiguredError",
    "Need",
    "NeededAuthentication",
    "Needs",
    "NoTokenError",
    "NotLetThroughError",
    "OutageError",
    "PresentedProof",
    "RawAnswer",
    "RequiredScopes",
    "Scope",
    "TokenValidator",
    "UnusableAnswerError",
    "UseDpopNonceError",
    "__version__",
    "any_of",
    "connect",
    "connect_in_process",
    "connect_to_other_server",
    "metadata_address",
    "metadata_path",
    "needed_authentication",
    "needed_scopes",
    "token_digest",
]
