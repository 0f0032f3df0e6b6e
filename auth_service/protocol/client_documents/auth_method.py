"""How a client that a document describes authenticates (draft-ietf-oauth-client-id-metadata-document-03 §6).

A document may name one method, or all that its client knows (OpenID Connect Relying Party Metadata Choices 1.0 §2).
"""

from auth_service.protocol.registration.client_metadata import Metadata
from auth_service.protocol.registration.rules import ClientRefusedError

_ONE, _ALL = "token_endpoint_auth_method", "token_endpoint_auth_methods_supported"
_OURS = ("none", "private_key_jwt")
"""No others are possible: a document is no place for a secret. The first that a document names is the one."""


def auth_method(metadata: Metadata) -> str:
    """Return the method by which a client is held to authenticate. Raises ClientRefusedError.

    Who can do without a proof is a public client, also if it would rather send one: whoever pretends to be it would
    send none.
    """
    if _ALL not in metadata:
        if (one := metadata.get(_ONE, "none")) in _OURS:
            return str(one)
        raise ClientRefusedError(f"its {_ONE} must be one of {', '.join(_OURS)}")
    named = metadata[_ALL]
    if not isinstance(named, list) or not all(isinstance(each, str) for each in named):
        raise ClientRefusedError(f"its {_ALL} must be an array of strings")
    if any(each.startswith("client_secret_") for each in named):
        raise ClientRefusedError(f"its {_ALL} must have none with a secret: anybody can read it")
    if _ONE in metadata and metadata[_ONE] not in named:
        raise ClientRefusedError(f"its {_ONE} must be among its {_ALL}")
    for method in _OURS:
        if method in named:
            return method
    raise ClientRefusedError(f"its {_ALL} must have one of {', '.join(_OURS)}")
