"""Finds what is odd about entries that an app sends, so that the app, or the person, can look at it.

An entry is a *likely twin* of another one if the two can be one weighing that came by way of two services. It is in the
*other unit* if it would fit what the person weighed before only there. The time grows in proportion to what is sent.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import chain
from statistics import median_low

from fit_service.rules.body_weight_entry import BodyWeightEntry, NewEntry
from fit_service.rules.weight import MASS_OF_A_THOUSANDTH, Weight, other_unit

TWIN_TIME = timedelta(seconds=60)
"""Two services write down one weighing so far apart: some know no seconds."""
_TWIN_MASS = 50 * (MASS_OF_A_THOUSANDTH["kg"] + MASS_OF_A_THOUSANDTH["lbs"])
"""They write its weight so far apart, where one rounds to a tenth of a kilogram and the other to one of a pound."""
_MAX_IN_CELL = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FACTOR, _CLOSE = (8, 5), (5, 4)
"""From one weighing to the next nobody's weight changes by the first; what changes by less than the second fits."""
COMPARED = 5
"""A new weight is compared with the median of so many: one or two wrong ones among them don't matter."""


class Oddity(StrEnum):
    """An app should look at this."""

    LIKELY_TWIN = "likely_twin"
    OTHER_UNIT = "other_unit"
    DIFFERS = "differs"
    NOT_NEWER = "not_newer"


@dataclass(frozen=True, slots=True)
class EntryWarning:
    """A warning tells of one oddity."""

    kind: Oddity
    other: NewEntry
    """It is the twin, the stored entry that it differs from or is not newer than, or the entry as it would fit."""

    def to_json(self) -> dict[str, object]:
        """Return the object that the API shows, with the oddity in words and the stored entry that it is about."""
        weight = f"{self.other.weight.text()} {self.other.weight.unit}"
        shown = f"{weight} at {self.other.created_at.isoformat()}"
        detail = {
            Oddity.LIKELY_TWIN: f"It is likely the same weighing as {shown}.",
            Oddity.OTHER_UNIT: f"It fits the weights before it if it is {weight}: is the unit right?",
            Oddity.DIFFERS: f"The entry of this id is {shown}, and stays so.",
            Oddity.NOT_NEWER: f"The record is {shown}, in a version that is not lower, and stays so.",
        }[self.kind]
        about = {"id": self.other.id} if isinstance(self.other, BodyWeightEntry) else {}
        return {"warning": self.kind.value, "detail": detail, **about}


@dataclass(slots=True)
class Match:
    """A match is what is found about one candidate."""

    there: bool = False
    """If true, it is stored already."""
    twin: NewEntry | None = None
    """It is the likely twin, stored or sent before the candidate."""
    warnings: tuple[EntryWarning, ...] = ()

    def warn(self, kind: Oddity, other: NewEntry) -> None:
        """Add a warning."""
        self.warnings = (*self.warnings, EntryWarning(kind, other))


def find_twins(fresh: Sequence[tuple[NewEntry, Match]], stored: Iterable[NewEntry], *, merge_twins: bool) -> None:
    """Warn of likely twins. Most entries have no other within minutes and are passed over."""
    near, minutes = _Near(), Counter(_minute(entry) for entry, _ in fresh)
    for each in stored:
        around = _around(each)
        if any(minute in minutes for minute in around):
            minutes[around[1]] += 1
            near.add(each)
    for entry, found in fresh:
        if sum(minutes[minute] for minute in _around(entry)) == 1:
            continue
        found.twin = near.twin_of(entry)
        if found.twin is not None:
            found.warn(Oddity.LIKELY_TWIN, found.twin)
        if found.twin is None or not merge_twins:
            near.add(entry)


class _Near:
    """It keeps entries by minute and, within it, by mass: each is compared only with those that lie next to it."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], list[NewEntry]] = defaultdict(list)

    def add(self, entry: NewEntry) -> None:
        cell = self._cells[_minute(entry), entry.weight.mass // _TWIN_MASS]
        if len(cell) < _MAX_IN_CELL:
            cell.append(entry)

    def twin_of(self, entry: NewEntry) -> NewEntry | None:
        mass = entry.weight.mass // _TWIN_MASS
        cells = ((minute, mass + heavier) for minute in _around(entry) for heavier in (-1, 0, 1))
        others = chain.from_iterable(self._cells.get(cell, ()) for cell in cells)
        return next((other for other in others if _are_twins(entry, other)), None)


def _minute(entry: NewEntry) -> int:
    return (entry.created_at - _EPOCH) // TWIN_TIME


def _around(entry: NewEntry) -> tuple[int, int, int]:
    """Return the minutes in which a twin can be."""
    minute = _minute(entry)
    return minute - 1, minute, minute + 1


def _are_twins(one: NewEntry, other: NewEntry) -> bool:
    near = abs(one.created_at - other.created_at) <= TWIN_TIME
    return near and abs(one.weight.mass - other.weight.mass) <= _TWIN_MASS


def find_other_units(fresh: Iterable[tuple[NewEntry, Match]], earlier: Iterable[NewEntry]) -> None:
    """Warn of other units: each entry is compared with the median of the last ones before it that are not odd."""
    masses = deque((each.weight.mass for each in earlier), COMPARED)
    for entry, found in fresh:
        mass, usual = entry.weight.mass, median_low(masses) if masses else None
        read_otherwise = Weight(entry.weight.amount, other_unit(entry.weight.unit))
        is_odd = usual and not _fits(mass, usual, _FACTOR) and _fits(read_otherwise.mass, usual, _CLOSE)
        if is_odd:
            found.warn(Oddity.OTHER_UNIT, NewEntry(read_otherwise, entry.created_at))
        else:
            masses.append(mass)


def _fits(mass: int, usual: int, factor: tuple[int, int]) -> bool:
    more, less = factor
    return usual * less <= mass * more and mass * less <= usual * more
