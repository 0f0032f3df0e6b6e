"""What an API says about itself, so that a client can find out which authorization server to ask (RFC 9728).

Plain values: serve the document at `metadata_path` and name `metadata_address` to `protect`.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

_WELL_KNOWN = "/.well-known/oauth-protected-resource"


def metadata_path(resource: str) -> str:
    """Return where the description of `resource` is: the well-known path, then its own (RFC 9728 §3.1)."""
    path = urlsplit(resource).path
    return _WELL_KNOWN + (path if path != "/" else "")


def metadata_address(resource: str) -> str:
    """Return the same as a whole address, which challenges name (RFC 9728 §5.1)."""
    parts = urlsplit(resource)
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}{metadata_path(resource)}{query}"


def resource_metadata(
    resource: str, *, authorization_server: str, scopes: Sequence[str], dpop_algorithms: Sequence[str] = ()
) -> dict[str, object]:
    """Return the document (RFC 9728 §2). A client holds `resource` against what it asked about, byte for byte (§3.3).

    Args:
        resource: the API's identifier, as it was registered.
        authorization_server: the issuer of its tokens.
        scopes: at least one; those that clients may ask for.
        dpop_algorithms: with which DPoP proofs may be signed, if it accepts tokens that are bound to a key.
    """
    metadata: dict[str, object] = {
        "resource": resource,
        "authorization_servers": [authorization_server],
        "scopes_supported": list(scopes),
        "bearer_methods_supported": ["header"],
    }
    if dpop_algorithms:
        metadata["dpop_signing_alg_values_supported"] = list(dpop_algorithms)
    return metadata
