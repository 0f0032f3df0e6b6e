"""Operations of a batch are read one by one, so that a bad one can be told from the good."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from fit_service.rules.body_weight_entry import CHANGED_MEMBERS, ID, MEMBERS, NewEntry, new_entry
from fit_service.rules.client_record import RECORD_ID, parse_record_id
from fit_service.rules.refusals import Fault, InvalidEntriesError, InvalidValueError, RefusedError, refuse_unknown

MAX_ENTRIES = 500
_OPERATION = "operation"


class Operation(StrEnum):
    """An item of a batch asks for one of these."""

    INSERT = "insert"
    CHANGE = "change"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class EntryChange:
    """It asks that members of a stored entry be replaced (RFC 7396)."""

    id: str
    members: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EntryDeletion:
    """It asks that a stored entry go."""

    named_by: str
    """It is `id` or `client_record_id`."""
    name: str
    version: str | None
    """Only this version may be deleted; None: any."""


AnyOperation = NewEntry | EntryChange | EntryDeletion


@dataclass(frozen=True, slots=True)
class EntryBatch:
    """It holds what was sent, in its order: operations, and what is wrong with those that aren't."""

    items: list[AnyOperation | InvalidValueError]
    all_or_nothing: bool

    @property
    def operations(self) -> list[AnyOperation]:
        """These are the good ones."""
        return [item for item in self.items if not isinstance(item, InvalidValueError)]


def parse_batch(members: Mapping[str, Any], now: datetime, client_id: str) -> EntryBatch:
    """Read a batch from the members of a body that this app sent.

    Raises InvalidValueError if it isn't one, InvalidEntriesError if it isn't good enough.
    """
    refuse_unknown(members, ("entries", "all_or_nothing"))
    entries, all_or_nothing = members.get("entries"), members.get("all_or_nothing", False)
    if not isinstance(entries, list) or not 1 <= len(entries) <= MAX_ENTRIES:
        raise InvalidValueError("entries", f"entries must be an array of 1 to {MAX_ENTRIES} entries.")
    if not isinstance(all_or_nothing, bool):
        raise InvalidValueError("all_or_nothing", "all_or_nothing must be true or false.")
    batch = EntryBatch([_parse_item(entry, now, client_id) for entry in entries], all_or_nothing)
    if all_or_nothing:
        refuse_some(batch.items)
    return batch


def refuse_some(items: Sequence[object]) -> None:
    """Raise InvalidEntriesError that names each refusal among these by its index, if there is one."""
    faults: list[Fault] = []
    refused = 0
    for index, item in enumerate(items):
        if isinstance(item, RefusedError):
            faults += (fault.at(("index", index)) for fault in item.faults)
            refused += 1
    if refused:
        sentence = f"{refused} of {len(items)} entries are not good, so none was inserted, changed or deleted."
        raise InvalidEntriesError(sentence, faults)


def _parse_item(members: object, now: datetime, client_id: str) -> AnyOperation | InvalidValueError:
    if not isinstance(members, dict):
        return InvalidValueError("entries", "An entry must be a JSON object.")
    try:
        return _parse_operation(members, now, client_id)
    except InvalidValueError as refusal:
        return refusal


def _parse_operation(members: Mapping[str, Any], now: datetime, client_id: str) -> AnyOperation:
    rest = {name: value for name, value in members.items() if name != _OPERATION}
    match members.get(_OPERATION, Operation.INSERT):
        case Operation.INSERT:
            refuse_unknown(rest, MEMBERS)
            return new_entry(rest, now, client_id=client_id)
        case Operation.CHANGE:
            refuse_unknown(rest, CHANGED_MEMBERS)
            return EntryChange(_parse_id(rest.get("id")), rest)
        case Operation.DELETE:
            refuse_unknown(rest, ("id", RECORD_ID, "version"))
            return _parse_deletion(rest)
    raise InvalidValueError(_OPERATION, f"{_OPERATION} must be {', '.join(Operation)}.")


def _parse_deletion(members: Mapping[str, Any]) -> EntryDeletion:
    if ("id" in members) == (RECORD_ID in members):
        raise InvalidValueError("id", f"Either id or {RECORD_ID} must say which entry is to be deleted.")
    version = members.get("version")
    if "version" in members and not isinstance(version, str):
        raise InvalidValueError("version", "version must be one that an entry has shown.")
    if "id" in members:
        return EntryDeletion("id", _parse_id(members["id"]), version)
    return EntryDeletion(RECORD_ID, parse_record_id(members[RECORD_ID]), version)


def _parse_id(value: object) -> str:
    if not isinstance(value, str) or re.fullmatch(ID, value) is None:
        raise InvalidValueError("id", "id must be that of an entry.")
    return value
