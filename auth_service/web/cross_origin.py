"""What scripts of registered clients may read (RFC 9700 §2.6): answers to clients, never /authorize or a page."""

from flask import Blueprint

from auth_service.storage.client_origins import ClientOrigins
from shared.cors import let_scripts_read

_SENT = ("Authorization", "Content-Type", "DPoP", "Idempotency-Key")
_SHOWN = ("DPoP-Nonce", "Retry-After", "WWW-Authenticate")


def let_client_scripts_read(blueprint: Blueprint, origins: ClientOrigins) -> None:
    """Whoever is registered, with all that it answers: errors and outages too."""
    let_scripts_read(blueprint, origins.include, sent=_SENT, shown=_SHOWN)
