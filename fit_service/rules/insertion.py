"""Decides what of the entries that an app sends is stored, and tells what became of each."""

from collections.abc import Sequence
from dataclasses import dataclass

from fit_service.rules.body_weight_entry import BodyWeightEntry, NewEntry
from fit_service.rules.entry_matching import Candidate, Surroundings, match
from fit_service.rules.entry_oddities import EntryWarning, Match


@dataclass(frozen=True, slots=True)
class Outcome:
    """It is what became of what an app asked for: an entry was inserted, or merged into another one, or was there."""

    inserted: BodyWeightEntry | None = None
    merged_into: BodyWeightEntry | None = None
    stored: BodyWeightEntry | None = None
    """It is the entry that was named, changed or as it was."""
    there: bool = False
    deleted: bool = False
    warnings: Sequence[EntryWarning] = ()

    @property
    def shown(self) -> BodyWeightEntry | None:
        """It is the entry that is stored now."""
        return self.inserted or self.merged_into or self.stored


class NotThereError(Exception):
    """The candidates at these places are not stored, and can't be inserted."""

    def __init__(self, places: Sequence[int]) -> None:
        super().__init__(f"{len(places)} are not there")
        self.places = places


@dataclass(frozen=True, slots=True)
class InsertionPlan:
    """It says which of the candidates are to be stored."""

    matches: Sequence[Match]
    is_new: Sequence[bool]
    fresh: Sequence[NewEntry]
    """These are to be stored."""
    missing: Sequence[int]
    """These are the places of candidates that would have to be there, and aren't."""

    def check(self) -> None:
        """Raise NotThereError if it can't be carried out."""
        if self.missing:
            raise NotThereError(self.missing)

    def outcomes(self, inserted: Sequence[BodyWeightEntry]) -> list[Outcome]:
        """Tell what became of each candidate, when the fresh ones were stored as these."""
        stored, remaining = dict(zip(map(id, self.fresh), inserted, strict=True)), iter(inserted)

        def merged_into(twin: NewEntry | None) -> BodyWeightEntry:
            return twin if isinstance(twin, BodyWeightEntry) else stored[id(twin)]

        return [
            Outcome(
                inserted=next(remaining) if new else None,
                merged_into=None if new or found.there else merged_into(found.twin),
                there=found.there,
                warnings=found.warnings,
            )
            for found, new in zip(self.matches, self.is_new, strict=True)
        ]


def plan_insertion(
    candidates: Sequence[Candidate], around: Surroundings, *, find_same: bool, merge_twins: bool
) -> InsertionPlan:
    """Plan to store those that aren't there yet and, with `merge_twins`, are no likely twins."""
    matches = match(candidates, around, find_same=find_same, merge_twins=merge_twins)
    is_new = [not (found.there or (merge_twins and found.twin)) for found in matches]
    fresh = [candidate.entry for candidate, new in zip(candidates, is_new, strict=True) if new]
    missing = [place for place, each in enumerate(candidates) if each.must_be_there and not matches[place].there]
    return InsertionPlan(matches, is_new, fresh, missing)
