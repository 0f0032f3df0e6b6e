"""The authorization server's revocation feed: reading it, and following it for the memory of a validator."""

from .reader import WAIT, Batch, read_feed

__all__ = ["WAIT", "Batch", "read_feed"]
