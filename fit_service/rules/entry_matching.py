"""Finds which entries that an app sends are there already, and what is odd about the others.

An entry is *there* if it comes back under its own id, or if one of the same instant has the same weight, in either
unit. What is odd is said in `entry_oddities.py`. The time grows in proportion to what is sent.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from fit_service.rules.body_weight_entry import BodyWeightEntry, NewEntry
from fit_service.rules.entry_oddities import Match, Oddity, find_other_units, find_twins
from fit_service.rules.weight import MASS_OF_A_THOUSANDTH, other_unit, rounded


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate is an entry that an app sent, and the id that it gave with it."""

    entry: NewEntry
    id: str | None = None
    must_be_there: bool = False
    """If true, it can't be inserted, because it is of a day that is to come."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """It holds what is stored around the candidates."""

    by_id: Mapping[str, BodyWeightEntry]
    """These are the entries whose ids were sent."""
    nearby: Sequence[BodyWeightEntry]
    """These lie within TWIN_TIME of a candidate."""
    earlier: Sequence[BodyWeightEntry]
    """These are the last ones before all candidates, or else the first of all: at most COMPARED."""


def match(
    candidates: Sequence[Candidate], surroundings: Surroundings, *, find_same: bool, merge_twins: bool
) -> list[Match]:
    """Return what is found about each candidate.

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
    find_twins(fresh, surroundings.nearby, merge_twins=merge_twins)
    find_other_units(fresh, surroundings.earlier)
    return matches


_Key = tuple[datetime, str, Decimal]


class _Known:
    """It knows what is stored or will be, and by instant and weight of how many no id stands for yet."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._units = {(each.entry.created_at, each.entry.weight.unit) for each in candidates}
        self._free: dict[_Key, int] = {}
        self._shown_as: dict[_Key, list[_Key]] = defaultdict(list)

    def add(self, entry: NewEntry, *, claimed: bool) -> None:
        """Add an entry, also as exports show it in the other unit: with three decimals, before that with two."""
        key, other = _key(entry), other_unit(entry.weight.unit)
        self._free[key] = self._free.get(key, 0) + (not claimed)
        if (entry.created_at, other) in self._units:
            in_thousandths = MASS_OF_A_THOUSANDTH[other] * 1000
            for amount in {rounded(entry.weight.mass, in_thousandths, decimals) for decimals in (2, 3)}:
                self._shown_as[entry.created_at, other, amount].append(key)

    def has(self, entry: NewEntry) -> bool:
        """Say whether there is one."""
        return any(self._same(entry))

    def claim(self, entry: NewEntry) -> bool:
        """Say whether there is one that is free, which it no longer is."""
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
    """Look by id, else by content. Two rows with two ids are two entries, however equal; rows without ids are one."""
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


def _is_what_was_exported(stored: BodyWeightEntry, entry: NewEntry) -> bool:
    """Say whether it is the stored entry as an export shows it in this unit."""
    hundredth = 10 * MASS_OF_A_THOUSANDTH[entry.weight.unit]
    tolerance = 0 if stored.weight.unit == entry.weight.unit else hundredth // 2
    return stored.created_at == entry.created_at and abs(stored.weight.mass - entry.weight.mass) <= tolerance
