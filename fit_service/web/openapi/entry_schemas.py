"""Describes entries as they are shown and sent, one by one and in batches, in JSON Schema with examples."""

from collections.abc import Mapping
from typing import Any

from fit_service.rules import client_record
from fit_service.rules.body_weight_entry import FIRST_YEAR, Origin
from fit_service.rules.entry_batch import MAX_ENTRIES, Operation
from fit_service.rules.entry_oddities import Oddity
from fit_service.rules.weight import HEAVIEST_KG, LIGHTEST_KG, MAX_DECIMALS, MAX_LENGTH
from fit_service.web.openapi.description import Content, Schema
from fit_service.web.openapi.schema_parts import (
    EXAMPLE_ID,
    EXAMPLE_INSTANT,
    ID,
    INSTANT,
    NO_OTHERS,
    RECORD_ID,
    UNIT,
    WEIGHT,
    array_of,
    object_of,
    ref,
)

_WEIGHT_THAT_IS_SENT: Schema = {
    "type": ["string", "number"],
    "pattern": rf"^[0-9]{{1,6}}(\.[0-9]{{1,{MAX_DECIMALS}}})?$",
    "exclusiveMinimum": 0,
    "description": (
        f"A decimal with at most {MAX_DECIMALS} decimals, between {LIGHTEST_KG} and {HEAVIEST_KG} kg. What a binary "
        f"float adds to one, as in 82.35000000000001, is taken away. At most {MAX_LENGTH} characters."
    ),
}
_INSTANT_THAT_IS_SENT: Schema = {
    **INSTANT,
    "description": f"With an offset; from the year {FIRST_YEAR} on, until a day from now.",
}
_RECORD_VERSION: Schema = {"type": "integer", "minimum": 0, "maximum": client_record.MAX_VERSION}
_RECORD: Mapping[str, Schema] = {
    client_record.RECORD_ID: {**RECORD_ID, "description": "What the app that asks calls it itself, if it does."},
    client_record.RECORD_VERSION: {**_RECORD_VERSION, "description": "Of its own record, as that app counts."},
}
_RECORD_THAT_IS_SENT: Mapping[str, Schema] = {
    client_record.RECORD_ID: {
        **RECORD_ID,
        "description": "The app's own id of the record: if it is stored already, its entry is replaced, or kept.",
    },
    client_record.RECORD_VERSION: {
        **_RECORD_VERSION,
        "default": 0,
        "description": "Only a higher one than the stored one, or the deleted one, changes anything.",
    },
}
_OFFSET: Schema = {
    "type": "string",
    "pattern": "^[+-]([01][0-9]|2[0-3]):[0-5][0-9]$",
    "description": "Of local time where it was weighed. Left out where nobody said.",
}
_ORIGIN: Schema = {
    "enum": [each.value for each in Origin],
    "description": "Who measured or wrote it down: a program, a scale, a person by hand. Left out where nobody said.",
}
VERSION: Schema = {
    "type": "string",
    "pattern": "^[0-9a-f]{16}$",
    "description": "Of the entry: what `If-Match` takes, in double quotes, and a change as a member.",
}
ENTRY_EXAMPLE = {
    "id": EXAMPLE_ID,
    "body_weight": "82.5",
    "unit": "kg",
    "created_at": EXAMPLE_INSTANT,
    "utc_offset": "+01:00",
    "version": "5e1a3bd8c2f04967",
    "stored_at": "2026-01-05T06:30:02.187304+00:00",
    "modified_at": "2026-01-05T06:30:02.187304+00:00",
}
_TOO_HEAVY = f"body_weight must be between {LIGHTEST_KG} and {HEAVIEST_KG} kg."
_ENTRY = {
    "id": ID,
    "body_weight": WEIGHT,
    "unit": UNIT,
    "created_at": {**INSTANT, "description": "Of the weighing, in UTC."},
    "utc_offset": _OFFSET,
    "origin": _ORIGIN,
    "version": VERSION,
    "stored_at": {**INSTANT, "description": "When this record was inserted: of the record, not of the weighing."},
    "modified_at": {**INSTANT, "description": "When this record was changed last."},
    **_RECORD,
}
_UNKNOWN_PERHAPS = ("utc_offset", "origin", "stored_at", "modified_at", *_RECORD)
_OFFSET_THAT_IS_SENT: Schema = {
    **_OFFSET,
    "type": ["string", "null"],
    "description": "Instead of the offset of `created_at`, where `Z` and `+00:00` say nothing of it. null: unknown.",
}
_ORIGIN_THAT_IS_SENT: Schema = {"enum": [*(each.value for each in Origin), None]}
_WARNINGS = array_of(ref("Warning"), description="What looks odd about it.")
_NEEDED = {client_record.RECORD_VERSION: [client_record.RECORD_ID], client_record.RECORD_ID: ["created_at"]}
_RECORD_NEEDS: dict[str, Any] = {"dependentRequired": _NEEDED}
SENT_ENTRY = {
    "body_weight": _WEIGHT_THAT_IS_SENT,
    "unit": UNIT,
    "created_at": _INSTANT_THAT_IS_SENT,
    "utc_offset": _OFFSET_THAT_IS_SENT,
    "origin": _ORIGIN_THAT_IS_SENT,
}
OPTIONAL = ("utc_offset", "origin")
_SENT_CHANGE = {
    "id": ID,
    **SENT_ENTRY,
    "version": VERSION,
    "stored_at": INSTANT,
    "modified_at": INSTANT,
    client_record.RECORD_ID: RECORD_ID,
    client_record.RECORD_VERSION: _RECORD_VERSION,
}
WARNING: Mapping[str, Schema] = {
    "warning": {"type": "string", "enum": [each.value for each in Oddity]},
    "detail": {"type": "string"},
    "id": {**ID, "description": "Of the stored entry that it is about."},
}

ENTRY_SCHEMAS: Mapping[str, Schema] = {
    "Entry": object_of(_ENTRY, ENTRY_EXAMPLE, optional=_UNKNOWN_PERHAPS),
    "InsertedEntry": object_of(
        {**_ENTRY, "warnings": _WARNINGS}, ENTRY_EXAMPLE, optional=(*_UNKNOWN_PERHAPS, "warnings")
    ),
    "DeletedEntry": object_of(
        {"id": ID, "deleted": {"const": True}, **_RECORD}, {"id": EXAMPLE_ID, "deleted": True}, optional=tuple(_RECORD)
    ),
    "NewEntry": object_of(
        {**SENT_ENTRY, **_RECORD_THAT_IS_SENT},
        {"body_weight": "82.5", "unit": "kg", "created_at": "2026-01-05T07:30:00+01:00"},
        optional=("created_at", *OPTIONAL, *_RECORD),
        description="Without `created_at`, which an app's own record needs, it is of now.",
        **_RECORD_NEEDS,
        **NO_OTHERS,
    ),
    "DatedEntry": object_of(
        {"operation": {"const": Operation.INSERT.value}, **SENT_ENTRY, **_RECORD_THAT_IS_SENT},
        {"body_weight": "82.5", "unit": "kg", "created_at": EXAMPLE_INSTANT},
        optional=("operation", *OPTIONAL, *_RECORD),
        **_RECORD_NEEDS,
        **NO_OTHERS,
    ),
    "EntryChange": object_of(
        _SENT_CHANGE,
        {"body_weight": "82.5"},
        optional=tuple(_SENT_CHANGE),
        description=(
            "The members to replace (RFC 7396). Another `unit` needs its `body_weight` too. `id` must be the entry's, "
            "and `version` its present one, else 412."
        ),
        **NO_OTHERS,
    ),
    "Batch": object_of(
        {
            "entries": array_of(
                {"anyOf": [ref("DatedEntry"), ref("ItemToChange"), ref("ItemToDelete")]},
                minItems=1,
                maxItems=MAX_ENTRIES,
            ),
            "all_or_nothing": {
                "type": "boolean",
                "default": False,
                "description": "Do nothing if one can't be done, and answer 422 that names each one by its `index`.",
            },
        },
        {
            "entries": [
                {"body_weight": "82.5", "unit": "kg", "created_at": "2026-01-05T07:30:00+01:00"},
                {"body_weight": "825", "unit": "kg", "created_at": "2026-01-06T07:30:00+01:00"},
            ]
        },
        optional=("all_or_nothing",),
        **NO_OTHERS,
    ),
    "ItemToChange": object_of(
        {"operation": {"const": Operation.CHANGE.value}, **_SENT_CHANGE},
        {"operation": Operation.CHANGE.value, "id": EXAMPLE_ID, "body_weight": "82.5"},
        optional=tuple(name for name in _SENT_CHANGE if name != "id"),
        description="The entry of this `id` gets the other members, as by PATCH.",
        **NO_OTHERS,
    ),
    "ItemToDelete": object_of(
        {
            "operation": {"const": Operation.DELETE.value},
            "id": ID,
            client_record.RECORD_ID: RECORD_ID,
            "version": VERSION,
        },
        {"operation": Operation.DELETE.value, "id": EXAMPLE_ID},
        optional=("id", client_record.RECORD_ID, "version"),
        description="The entry of this `id`, or of this app's own id, goes; with `version`, only that version.",
        oneOf=[{"required": ["id"]}, {"required": [client_record.RECORD_ID]}],
        **NO_OTHERS,
    ),
    "BatchResult": object_of(
        {
            "inserted": {"type": "integer", "minimum": 0, "maximum": MAX_ENTRIES},
            "results": array_of(
                {"anyOf": [ref("StoredItem"), ref("DeletedItem"), ref("RefusedItem")]}, description="As they were sent."
            ),
        },
        {
            "inserted": 1,
            "results": [
                {"status": 201, "entry": ENTRY_EXAMPLE},
                {"status": 422, "errors": [{"field": "body_weight", "detail": _TOO_HEAVY}]},
            ],
        },
    ),
    "StoredItem": object_of(
        {
            "status": {
                "enum": [201, 200],
                "description": "201: it was inserted. 200: the entry that is shown was changed, or is it already.",
            },
            "entry": ref("Entry"),
            "warnings": _WARNINGS,
        },
        optional=("warnings",),
    ),
    "DeletedItem": object_of({"status": {"const": 204}}),
    "RefusedItem": object_of({"status": {"enum": [404, 410, 412, 422]}, "errors": array_of(ref("Fault"))}),
    "Warning": object_of(WARNING, optional=("id",)),
}

ENTRIES_OR_CHANGES = (Content(array_of({"anyOf": [ref("Entry"), ref("DeletedEntry")]}), example=[ENTRY_EXAMPLE]),)
