"""Scripts of other origins may send and read this, where the operator lets them (CORS)."""

from collections.abc import Collection

from flask import Blueprint

from shared.service.cors import ScriptAccess, let_scripts_read

_SENT = ("Authorization", "Content-Type", "DPoP", "Idempotency-Key", "If-Match", "If-None-Match", "X-Request-Id")
_SHOWN = (
    "DPoP-Nonce",
    "ETag",
    "Idempotent-Replayed",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Updated-Since",
    "WWW-Authenticate",
    "X-Request-Id",
)


def let_other_origins_read(blueprint: Blueprint, origins: Collection[str]) -> None:
    """Let scripts of these origins read, of any if `*` is among them: only a token opens this API, never a cookie."""
    if origins:
        let_scripts_read(blueprint, script_access(origins))


def script_access(origins: Collection[str]) -> ScriptAccess:
    """Say what scripts of these origins may send and read."""
    return ScriptAccess(lambda origin: "*" in origins or origin in origins, sent=_SENT, shown=_SHOWN)
