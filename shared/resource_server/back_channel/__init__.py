"""Requests to the authorization server, and whatever else has to be over by a deadline."""

from .channel import BackChannel, RawAnswer
from .deadline_connection import DeadlineConnection, SocketAddress

__all__ = ["BackChannel", "DeadlineConnection", "RawAnswer", "SocketAddress"]
