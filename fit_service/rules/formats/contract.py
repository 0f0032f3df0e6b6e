"""What a format gives back of a file: readings as the file has them, and what it left out, each with its place.

A format adds nothing that the file doesn't say. What is missing is asked for by `rules/import_choices.py`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import BinaryIO

from fit_service.rules.body_weight_entry import Origin
from fit_service.rules.formats.head import Head
from fit_service.rules.refusals import Place


class Reason(StrEnum):
    """Why something in a file became no entry: there are no other reasons."""

    NO_WEIGHT = "It has no weight in it."
    OTHER_MEASURE = "It is a measure of something else."
    HEADING = "It is the date of the lines below it."
    REPEATED = "It is the same weighing once more."
    GOAL = "It is a goal."
    AVERAGE = "It is a statistic of several weighings."
    NOT_EXACT = "It is more or less than a weight, not a weight."
    NOT_FINAL = "It is marked as entered in error, or as not final."
    CALCULATING = "The scale was still calculating."
    DELETED = "It is marked deleted."
    PLACEHOLDER = "Its date is a placeholder."
    NO_TIME = "It does not say when it was."
    WHOSE = "The scale did not know whose it is."
    OTHER_MEMBER = "It is of another member of the family."
    CLOCK_CHANGE = "Its local time happened twice or not at all, because the clocks were changed."


@dataclass(frozen=True, slots=True)
class Instant:
    """The file says which moment it was."""

    at: datetime
    """It is in UTC."""
    offset: int | None = None
    """Local time was so many minutes ahead of UTC, if the file says so."""


@dataclass(frozen=True, slots=True)
class ClockTime:
    """The file says what the clock showed, and not where."""

    shown: datetime


@dataclass(frozen=True, slots=True)
class Day:
    """A day is all that the file says."""

    day: date


@dataclass(frozen=True, slots=True)
class EitherDate:
    """The file writes 01/02/2026, which is a day of January or one of February."""

    month_first: ClockTime | Day | None
    """It is None if there is no such day."""
    day_first: ClockTime | Day | None


When = Instant | ClockTime | Day | EitherDate


@dataclass(slots=True)  # not frozen: that takes three times as long to make, and there are ten thousand
class Reading:
    """A reading is one weighing as a file has it."""

    place: Place
    value: Decimal
    """It has at most three decimals."""
    unit: str | None
    """It is kg or lbs; None: the file doesn't say."""
    when: When
    id: str | None = None
    """Perhaps this API exported it under this id."""
    origin: Origin | None = None
    member: str | None = None
    """The file holds weighings of several people, which this tells apart as far as the file can."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """It stands in the file and is no weighing of the person."""

    place: Place
    reason: Reason


@dataclass(frozen=True, slots=True)
class Unreadable:
    """It should be a weighing and can't be read as one."""

    place: Place
    field: str
    sentence: str


Row = Reading | Skipped | Unreadable


@dataclass(frozen=True, slots=True)
class Format:
    """A format is one way in which an app or a service writes weighings down."""

    name: str
    title: str
    """It names the app and the file."""
    media_types: tuple[str, ...]
    recognise: Callable[[Head], str | None]
    """It says by what a file is recognised that begins so; None: it is another one."""
    read: Callable[[BinaryIO, str], Iterator[Row]]
    """It reads the file, whose text this codec decodes. Raises RefusedError if the file as a whole can't be read."""
