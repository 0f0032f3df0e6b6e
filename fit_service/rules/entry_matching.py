"""Finds which entries that an app sends are there already, and what is odd about others. Knows no HTTP and no store.

An entry is *there* if it comes back under its own id, or if one of the same instant has the same weight, in either
unit. It is a *likely twin* of another one if the two can be one weighing that came by way of two services. It is *odd*
if it would fit what the person weighed before only in the other unit. The time grows in proportion to what is sent.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import chain
from statistics import median_low

from fit_service.rules.body_weight_entry import BodyWeightEntry, NewEntry
from fit_service.rules.weight import MASS_OF_A_THOUSANDTH, UNITS, Weight, rounded

TWIN_TIME = timedelta(seconds=60)
"""How far apart two services write down one weighing: some know no seconds."""
_TWIN_MASS = 50 * (MASS_OF_A_THOUSANDTH["kg"] + MASS_OF_A_THOUSANDTH["lbs"])
"""How far apart they write its weight, where one rounds to a tenth of a kilogram and the other to one of a pound."""
_MAX_IN_CELL = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FACTOR, _CLOSE = (8, 5), (5, 4)
"""From one weighing to the next nobody's weight changes by the first; what changes by less than the second fits."""
COMPARED = 5
"""Weights whose median a new one is compared with: one or two that are wrong among them don't matter."""


class Oddity(StrEnum):
    """What an app should look at."""

    LIKELY_TWIN = "likely_twin"
    OTHER_UNIT = "other_unit"
    DIFFERS = "differs"
    NOT_NEWER = "not_newer"


@dataclass(frozen=True, slots=True)
class EntryWarning:
    """One oddity."""

    kind: Oddity
    other: NewEntry
    """The twin, the stored entry that it differs from or is not newer than, or how it would fit."""

    def to_json(self) -> dict[str, object]:
        """The object that the API shows, with the oddity in words and the stored entry that it is about."""
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


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that an app sent, and the id that it gave with it."""

    entry: NewEntry
    id: str | None = None
    must_be_there: bool = False
    """Whether it can't be inserted, because it is of a day that is to come."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is stored around the candidates."""

    by_id: Mapping[str, BodyWeightEntry]
    """Those whose ids were sent."""
    nearby: Sequence[BodyWeightEntry]
    """Those within TWIN_TIME of a candidate."""
    earlier: Sequence[BodyWeightEntry]
    """The last ones before all candidates, or else the first of all: at most COMPARED."""


@dataclass(slots=True)
class Match:
    """What is found about one candidate."""

    there: bool = False
    """Whether it is stored already."""
    twin: NewEntry | None = None
    """The likely twin, stored or sent before it."""
    warnings: tuple[EntryWarning, ...] = ()

    def warn(self, kind: Oddity, other: NewEntry) -> None:
        """Add a warning."""
        self.warnings = (*self.warnings, EntryWarning(kind, other))


def match(
    candidates: Sequence[Candidate], surroundings: Surroundings, *, find_same: bool, merge_twins: bool
) -> list[Match]:
    """One result for each candidate.

    Args:
        candidates: what was sent, in its order.
        surroundings: what is stored around it.
        find_same: whether to find what is there; else an equal entry is but a twin.
        merge_twins: whether a likely twin will not be stored, so that it is no twin to others.
    """
    matches = [Match() for _ in candidates]
    if find_same:
        _find_same(candidates, surroundings, matches)
    order = sorted(range(len(candidates)), key=lambda index: candidates[index].entry.created_at)
    fresh = [(candidates[index].entry, matches[index]) for index in order if not matches[index].there]
    _find_twins(fresh, surroundings.nearby, merge_twins=merge_twins)
    _find_other_units(fresh, surroundings.earlier)
    return matches


_Key = tuple[datetime, str, Decimal]


class _Known:
    """What is stored, and what of the candidates will be: by instant and weight, how many no id stands for yet."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._units = {(each.entry.created_at, each.entry.weight.unit) for each in candidates}
        self._free: dict[_Key, int] = {}
        self._shown_as: dict[_Key, list[_Key]] = defaultdict(list)

    def add(self, entry: NewEntry, *, claimed: bool) -> None:
        """Also as what exports show of it in the other unit: with three decimals, before that with two."""
        key, other = _key(entry), _other_unit(entry)
        self._free[key] = self._free.get(key, 0) + (not claimed)
        if (entry.created_at, other) in self._units:
            in_thousandths = MASS_OF_A_THOUSANDTH[other] * 1000
            for amount in {rounded(entry.weight.mass, in_thousandths, decimals) for decimals in (2, 3)}:
                self._shown_as[entry.created_at, other, amount].append(key)

    def has(self, entry: NewEntry) -> bool:
        """Whether there is one."""
        return any(self._same(entry))

    def claim(self, entry: NewEntry) -> bool:
        """Whether there is one that is free; it no longer is."""
        key = next((each for each in self._same(entry) if self._free[each]), None)
        if key is not None:
            self._free[key] -= 1
        return key is not None

    def _same(self, entry: NewEntry) -> Iterator[_Key]:
        key = _key(entry)
        if key in self._free:
            yield key
        yield from self._shown_as.get(key, ())


def _find_same(candidates: Sequence[Candidate], surroundings: Surroundings, matches: Sequence[Match]) -> None:
    """By id, else by content. Two rows with two ids are two entries, however equal; rows without ids are one."""
    sent_ids = {candidate.id for candidate in candidates}
    known = _Known(candidates)
    for stored in surroundings.nearby:
        known.add(stored, claimed=stored.id in sent_ids)
    seen: set[str] = set()
    for candidate, found in zip(candidates, matches, strict=True):
        entry, stored_under_it = candidate.entry, surroundings.by_id.get(candidate.id or "")
        if stored_under_it is not None:
            found.there = True
            if not _is_what_was_exported(stored_under_it, entry):
                found.warn(Oddity.DIFFERS, stored_under_it)
            continue
        is_of_its_own = candidate.id is not None and candidate.id not in seen
        found.there = known.claim(entry) if is_of_its_own else known.has(entry)
        if not found.there:
            known.add(entry, claimed=is_of_its_own)
        if candidate.id is not None:
            seen.add(candidate.id)


def _key(entry: NewEntry) -> _Key:
    return entry.created_at, entry.weight.unit, entry.weight.amount


def _other_unit(entry: NewEntry) -> str:
    return UNITS[1 - UNITS.index(entry.weight.unit)]


def _is_what_was_exported(stored: BodyWeightEntry, entry: NewEntry) -> bool:
    """Whether it is the stored entry as an export shows it in this unit."""
    hundredth = 10 * MASS_OF_A_THOUSANDTH[entry.weight.unit]
    tolerance = 0 if stored.weight.unit == entry.weight.unit else hundredth // 2
    return stored.created_at == entry.created_at and abs(stored.weight.mass - entry.weight.mass) <= tolerance


def _find_twins(fresh: Sequence[tuple[NewEntry, Match]], stored: Iterable[NewEntry], *, merge_twins: bool) -> None:
    """Most entries have no other within minutes and are passed over."""
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
    """Entries by minute and, within it, by mass: each is compared only with those that lie next to it."""

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
    """The minutes in which a twin can be."""
    minute = _minute(entry)
    return minute - 1, minute, minute + 1


def _are_twins(one: NewEntry, other: NewEntry) -> bool:
    near = abs(one.created_at - other.created_at) <= TWIN_TIME
    return near and abs(one.weight.mass - other.weight.mass) <= _TWIN_MASS


def _find_other_units(fresh: Iterable[tuple[NewEntry, Match]], earlier: Iterable[NewEntry]) -> None:
    """Each is compared with the median of the last ones before it that are not odd themselves."""
    masses = deque((each.weight.mass for each in earlier), COMPARED)
    for entry, found in fresh:
        mass, usual = entry.weight.mass, median_low(masses) if masses else None
        read_otherwise = Weight(entry.weight.amount, _other_unit(entry))
        is_odd = usual and not _fits(mass, usual, _FACTOR) and _fits(read_otherwise.mass, usual, _CLOSE)
        if is_odd:
            found.warn(Oddity.OTHER_UNIT, NewEntry(read_otherwise, entry.created_at))
        else:
            masses.append(mass)


def _fits(mass: int, usual: int, factor: tuple[int, int]) -> bool:
    more, less = factor
    return usual * less <= mass * more and mass * less <= usual * more
