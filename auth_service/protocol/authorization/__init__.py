"""The authorization request at /authorize: what it must be, how it may be pushed, and what its answer needs."""
