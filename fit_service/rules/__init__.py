"""What entries, weights, files and webhooks are, and what may become of them. Knows no HTTP, no SQL and no Redis."""
