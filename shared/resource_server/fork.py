"""What a forked process must not share with its parent: connections, locks, a thread that only the parent has."""

import os
import weakref
from typing import Protocol


class BeginsAnew(Protocol):
    """Something with a state of its process."""

    def begin_anew(self) -> None:
        """Forget that state, without touching what belongs to the parent."""


_all: "weakref.WeakSet[BeginsAnew]" = weakref.WeakSet()


def begin_anew_after_fork(subject: BeginsAnew) -> None:
    """Have `subject.begin_anew()` called in every child, before it does anything else."""
    _all.add(subject)


def _in_child() -> None:
    for subject in list(_all):
        subject.begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
