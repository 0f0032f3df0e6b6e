"""Clients prove here who they are (RFC 6749 §2.3, RFC 7523)."""
