"""Several entries in one request: read one by one, so that a bad one can be told from the good. Knows no HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fit_service.rules.body_weight_entry import MEMBERS, NewEntry, new_entry
from fit_service.rules.refusals import Fault, InvalidEntriesError, InvalidValueError, refuse_unknown

MAX_ENTRIES = 500


@dataclass(frozen=True, slots=True)
class EntryBatch:
    """What was sent, in its order: entries, and what is wrong with those that aren't."""

    items: list[NewEntry | InvalidValueError]
    all_or_nothing: bool

    @property
    def entries(self) -> list[NewEntry]:
        """The good ones."""
        return [item for item in self.items if isinstance(item, NewEntry)]

    @property
    def faults(self) -> list[Fault]:
        """What is wrong with the bad ones, each with its index."""
        return [
            fault.at("index", index)
            for index, item in enumerate(self.items)
            if isinstance(item, InvalidValueError)
            for fault in item.faults
        ]


def parse_batch(fields: Mapping[str, Any], now: datetime, client_id: str) -> EntryBatch:
    """A batch from the members of a body that this app sent.

    Raises InvalidValueError if it isn't one, InvalidEntriesError if it isn't good enough.
    """
    refuse_unknown(fields, ("entries", "all_or_nothing"))
    entries, all_or_nothing = fields.get("entries"), fields.get("all_or_nothing", False)
    if not isinstance(entries, list) or not 1 <= len(entries) <= MAX_ENTRIES:
        raise InvalidValueError("entries", f"entries must be an array of 1 to {MAX_ENTRIES} entries.")
    if not isinstance(all_or_nothing, bool):
        raise InvalidValueError("all_or_nothing", "all_or_nothing must be true or false.")
    batch = EntryBatch([_parse_item(entry, now, client_id) for entry in entries], all_or_nothing)
    if all_or_nothing and batch.faults:
        sentence = f"{len(batch.faults)} of {len(entries)} entries are not good, so none was inserted."
        raise InvalidEntriesError(sentence, batch.faults)
    return batch


def _parse_item(fields: object, now: datetime, client_id: str) -> NewEntry | InvalidValueError:
    if not isinstance(fields, dict):
        return InvalidValueError("entries", "An entry must be a JSON object.")
    try:
        refuse_unknown(fields, MEMBERS)
        return new_entry(fields, now, client_id=client_id)
    except InvalidValueError as refusal:
        return refusal
