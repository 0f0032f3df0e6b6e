"""What a client may be registered with, and clients that register themselves (RFC 7591, RFC 7592)."""
