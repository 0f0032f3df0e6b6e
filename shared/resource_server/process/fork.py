"""What a forked process must not share with its parent: connections, locks, a thread that only the parent has."""

import os
import weakref
from typing import Protocol


class OfOneProcess(Protocol):
    """It has state that means nothing in another process."""

    def reset(self) -> None:
        """Begin with nothing, and leave alone what belongs to the parent."""


_all: "weakref.WeakSet[OfOneProcess]" = weakref.WeakSet()


def reset_after_fork(subject: OfOneProcess) -> None:
    """Have `subject.reset()` called in every child, before the child does anything else."""
    _all.add(subject)


def _in_child() -> None:
    for subject in list(_all):
        subject.reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
