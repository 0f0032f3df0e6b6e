"""Who a client is: how it authenticates (RFC 6749 §2.3, RFC 7523) and with which keys."""
