"""Several entries in one request: read one by one, so that a bad one can be told from the good. Knows no HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fit_service.errors import ProblemError
from fit_service.rules.body_weight_entry import MEMBERS, NewEntry, new_entry, refuse_unknown

MAX_ENTRIES = 500


@dataclass(frozen=True, slots=True)
class EntryBatch:
    """What was sent, in its order: entries, and what is wrong with those that aren't."""

    items: list[NewEntry | ProblemError]
    all_or_nothing: bool

    @property
    def entries(self) -> list[NewEntry]:
        """The good ones."""
        return [item for item in self.items if isinstance(item, NewEntry)]

    @property
    def errors(self) -> list[dict[str, object]]:
        """The bad ones, each with its index."""
        return [
            {"index": index, **item.errors[0]}
            for index, item in enumerate(self.items)
            if isinstance(item, ProblemError)
        ]


def parse_batch(fields: Mapping[str, Any], now: datetime) -> EntryBatch:
    """A batch from the members of a request's body. Raises ProblemError if it isn't one, or it isn't good enough."""
    refuse_unknown(fields, ("entries", "all_or_nothing"))
    entries, all_or_nothing = fields.get("entries"), fields.get("all_or_nothing", False)
    if not isinstance(entries, list) or not 1 <= len(entries) <= MAX_ENTRIES:
        raise ProblemError(422, f"entries must be an array of 1 to {MAX_ENTRIES} entries.", field="entries")
    if not isinstance(all_or_nothing, bool):
        raise ProblemError(422, "all_or_nothing must be true or false.", field="all_or_nothing")
    batch = EntryBatch([_parse_item(entry, now) for entry in entries], all_or_nothing)
    if all_or_nothing and batch.errors:
        detail = f"{len(batch.errors)} of {len(entries)} entries are not good, so none was inserted."
        raise ProblemError(422, detail, errors=batch.errors)
    return batch


def _parse_item(fields: object, now: datetime) -> NewEntry | ProblemError:
    if not isinstance(fields, dict):
        return ProblemError(422, "An entry must be a JSON object.", field="entries")
    try:
        refuse_unknown(fields, MEMBERS)
        return new_entry(fields, now)
    except ProblemError as problem:
        return problem
