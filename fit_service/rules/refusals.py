"""A refusal says why something that was sent can't be used. Which HTTP status it gets is said in `web/errors.py`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

_SHOWN_NAME = 60
"""A refusal repeats so many characters of a member's name."""
Place = tuple[str, int | str]
"""It is where one entry stands among several: ("index", 0) in an array, ("line", 2) in a CSV file."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault is one thing that is wrong."""

    field: str
    """The value of this member, parameter, column or header is at fault."""
    sentence: str
    place: Place | None = None

    def at(self, place: Place) -> Self:
        """Return the same fault of an entry that stands there."""
        return replace(self, place=place)


class RefusedError(Exception):
    """What is asked for can't be done. Each kind has a subclass, which `web/errors.py` has to know."""

    sentence: str
    """It tells whoever writes the app what is wrong, and what helps."""
    faults: Sequence[Fault] = ()
    """These are at fault, where that can be named."""

    def __str__(self) -> str:
        return self.sentence


class InvalidValueError(RefusedError):
    """One member, parameter, column or header is missing, not known here, or has a value that can't be used."""

    def __init__(self, field: str, sentence: str) -> None:
        self.sentence = sentence
        self.faults = (Fault(field, sentence),)


class InvalidEntriesError(RefusedError):
    """Of several entries some are at fault, and therefore none is stored. Each fault names its entry."""

    def __init__(self, sentence: str, faults: Sequence[Fault]) -> None:
        self.sentence = sentence
        self.faults = faults


class UnreadableError(RefusedError):
    """The text is not written in the format that it is said to be in."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence


class UnknownFormatError(RefusedError):
    """The file is none of those that are known here."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence


class TooLongError(RefusedError):
    """There is more of something than is taken at once."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence


class ChangedMeanwhileError(RefusedError):
    """The entry is no longer the version that the app wants to change. `field` is the member that named it."""

    sentence = "The entry was changed meanwhile: read it again."

    def __init__(self, field: str | None = None) -> None:
        self.faults = () if field is None else (Fault(field, self.sentence),)


class NoSuchEntryError(RefusedError):
    """Nobody has the entry, or somebody else. `field` is the member that named it."""

    sentence = "There is no such entry."

    def __init__(self, field: str | None = None) -> None:
        self.faults = () if field is None else (Fault(field, self.sentence),)


class DeletedRecordError(RefusedError):
    """The app's own record was deleted, in a version that is not lower than the one that it sends."""

    def __init__(self, version: int) -> None:
        self.sentence = f"The record was deleted: a client_record_version above {version} brings it back."
        self.faults = (Fault("client_record_version", self.sentence),)


def refuse_unknown(members: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise InvalidValueError if there is any other member: a misspelt `created_at` would make the past now."""
    for name in members:
        if name not in known:
            shown, others = name[:_SHOWN_NAME], ", ".join(known)
            raise InvalidValueError(shown, f"{shown} is not known here; what can be sent is: {others}.")
