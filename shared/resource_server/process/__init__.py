"""What is particular to one process: a clock that goes on through a suspend, and state that a fork must not copy."""

from .clock import seconds
from .fork import reset_after_fork

__all__ = ["reset_after_fork", "seconds"]
