"""Clients are registered by these rules, also by themselves (RFC 7591, RFC 7592)."""
