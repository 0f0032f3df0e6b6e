"""An outcome is what became of one attempt to deliver."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """`failure` says in a few words, for the app to read, what failed; None if the receiver took the message (2xx)."""

    failure: str | None = None
    gone: bool = False
    """The receiver wants no more of them (410)."""
    retry_after: int = 0
    """It asked for a pause of so many seconds."""
