"""The objects of the API in JSON Schema, with an example of each. Limits and words come from where they are decided."""

from collections.abc import Mapping
from typing import Any

from fit_service.rules import client_record
from fit_service.rules.body_weight_entry import FIRST_YEAR, Origin
from fit_service.rules.entry_batch import MAX_ENTRIES, Operation
from fit_service.rules.entry_file import COLUMNS, CSV, JSON, NEEDED
from fit_service.rules.entry_matching import Oddity
from fit_service.rules.summary import BUCKETS
from fit_service.rules.trend import SMOOTHINGS
from fit_service.rules.webhooks.destination import MAX_LENGTH
from fit_service.rules.webhooks.status import DisabledBecause, Status
from fit_service.rules.weight import HEAVIEST_KG, LIGHTEST_KG, MAX_DECIMALS, UNITS
from fit_service.rules.weight import MAX_LENGTH as MAX_LENGTH_OF_AMOUNT
from fit_service.web.openapi.description import Content, Schema

INSTANT: Schema = {"type": "string", "format": "date-time"}
BOUND: Schema = {"anyOf": [INSTANT, {"type": "string", "format": "date"}]}
_INSTANT_OR_NULL: Schema = {"type": ["string", "null"], "format": "date-time"}
UNIT: Schema = {"type": "string", "enum": list(UNITS)}
TIME_ZONE: Schema = {"type": "string", "pattern": "^[A-Za-z0-9_+/-]+$", "examples": ["Europe/Berlin"]}
CURSOR: Schema = {"type": "string", "pattern": "^[A-Za-z0-9_-]+=*$"}
SYNC_POSITION: Schema = {"type": "string", "pattern": "^(0|[0-9]{1,18}-[0-9]{1,18})$"}
_WEIGHT: Schema = {
    "type": "string",
    "pattern": rf"^[0-9]{{1,6}}(\.[0-9]{{1,{MAX_DECIMALS}}})?$",
    "description": "An exact decimal. What was converted is rounded to three decimals.",
}
_WEIGHT_THAT_IS_SENT: Schema = {
    "type": ["string", "number"],
    "pattern": rf"^[0-9]{{1,6}}(\.[0-9]{{1,{MAX_DECIMALS}}})?$",
    "exclusiveMinimum": 0,
    "description": (
        f"A decimal with at most {MAX_DECIMALS} decimals, between {LIGHTEST_KG} and {HEAVIEST_KG} kg. What a binary "
        f"float adds to one, as in 82.35000000000001, is taken away. At most {MAX_LENGTH_OF_AMOUNT} characters."
    ),
}
_INSTANT_THAT_IS_SENT: Schema = {
    **INSTANT,
    "description": f"With an offset; from the year {FIRST_YEAR} on, until a day from now.",
}
ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{24}$"}
RECORD_ID: Schema = {"type": "string", "pattern": f"^{client_record.ID}$"}
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

_CREATED_AT, _ENTRY_ID = "2026-01-05T06:30:00+00:00", "49ab6b1d2b1c1f3fae5c3a60"
_ENTRY_EXAMPLE = {
    "id": _ENTRY_ID,
    "body_weight": "82.5",
    "unit": "kg",
    "created_at": _CREATED_AT,
    "utc_offset": "+01:00",
    "version": "5e1a3bd8c2f04967",
    "stored_at": "2026-01-05T06:30:02.187304+00:00",
    "modified_at": "2026-01-05T06:30:02.187304+00:00",
}
_TOO_HEAVY = f"body_weight must be between {LIGHTEST_KG} and {HEAVIEST_KG} kg."


def ref(name: str) -> Schema:
    """The schema of this name."""
    return {"$ref": f"#/components/schemas/{name}"}


def one(name: str) -> tuple[Content]:
    """A body that is this object."""
    return (Content(ref(name)),)


def _object(
    properties: Mapping[str, Schema], *examples: object, optional: tuple[str, ...] = (), **more: object
) -> Schema:
    required = [name for name in properties if name not in optional]
    described = {"type": "object", "properties": properties, **({"required": required} if required else {}), **more}
    return {**described, "examples": list(examples)} if examples else described


def _array(items: Schema, **more: object) -> Schema:
    return {"type": "array", "items": items, **more}


_ENTRY = {
    "id": ID,
    "body_weight": _WEIGHT,
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
_WARNINGS = _array(ref("Warning"), description="What looks odd about it.")
_NEEDED = {client_record.RECORD_VERSION: [client_record.RECORD_ID], client_record.RECORD_ID: ["created_at"]}
_RECORD_NEEDS: dict[str, Any] = {"dependentRequired": _NEEDED}
_NO_OTHERS: dict[str, Any] = {"additionalProperties": False}
_SENT_ENTRY = {
    "body_weight": _WEIGHT_THAT_IS_SENT,
    "unit": UNIT,
    "created_at": _INSTANT_THAT_IS_SENT,
    "utc_offset": _OFFSET_THAT_IS_SENT,
    "origin": _ORIGIN_THAT_IS_SENT,
}
_OPTIONAL = ("utc_offset", "origin")
_SENT_CHANGE = {
    "id": ID,
    **_SENT_ENTRY,
    "version": VERSION,
    "stored_at": INSTANT,
    "modified_at": INSTANT,
    client_record.RECORD_ID: RECORD_ID,
    client_record.RECORD_VERSION: _RECORD_VERSION,
}

_COUNT: Schema = {"type": "integer", "minimum": 0}
_PLACE: Mapping[str, Schema] = {
    "index": {"type": "integer", "minimum": 0, "description": "Of the entry, in an array."},
    "line": {"type": "integer", "minimum": 1, "description": "Of the entry, in a CSV file."},
}
_WARNING: Mapping[str, Schema] = {
    "warning": {"type": "string", "enum": [each.value for each in Oddity]},
    "detail": {"type": "string"},
    "id": {**ID, "description": "Of the stored entry that it is about."},
}
_WEBHOOK: Mapping[str, Schema] = {
    "id": ID,
    "url": {"type": "string"},
    "own_changes": {"type": "boolean", "description": "Whether it is also told of what its own app changed."},
    "status": {"type": "string", "enum": [Status.ACTIVE.value, Status.DISABLED.value]},
    "disabled_because": {"enum": [*(each.value for each in DisabledBecause), None]},
    "created_at": INSTANT,
    "expires_at": {**INSTANT, "description": "Renew it before: it is disabled then."},
    "waiting": {"type": "integer", "minimum": 0, "description": "Messages that are not delivered yet."},
    "failing_since": _INSTANT_OR_NULL,
    "last_failure": {"type": ["string", "null"]},
}
_WEBHOOK_EXAMPLE = {
    "id": "b1946ac92492d2347c6235b4",
    "url": "https://app.example/hooks/moogle?user=7",
    "own_changes": True,
    "status": Status.ACTIVE.value,
    "disabled_because": None,
    "created_at": _CREATED_AT,
    "expires_at": "2026-02-04T06:30:00+00:00",
    "waiting": 0,
    "failing_since": None,
    "last_failure": None,
}

SCHEMAS: Mapping[str, Schema] = {
    "Entry": _object(_ENTRY, _ENTRY_EXAMPLE, optional=_UNKNOWN_PERHAPS),
    "InsertedEntry": _object(
        {**_ENTRY, "warnings": _WARNINGS}, _ENTRY_EXAMPLE, optional=(*_UNKNOWN_PERHAPS, "warnings")
    ),
    "DeletedEntry": _object(
        {"id": ID, "deleted": {"const": True}, **_RECORD}, {"id": _ENTRY_ID, "deleted": True}, optional=tuple(_RECORD)
    ),
    "NewEntry": _object(
        {**_SENT_ENTRY, **_RECORD_THAT_IS_SENT},
        {"body_weight": "82.5", "unit": "kg", "created_at": "2026-01-05T07:30:00+01:00"},
        optional=("created_at", *_OPTIONAL, *_RECORD),
        description="Without `created_at`, which an app's own record needs, it is of now.",
        **_RECORD_NEEDS,
        **_NO_OTHERS,
    ),
    "DatedEntry": _object(
        {"operation": {"const": Operation.INSERT.value}, **_SENT_ENTRY, **_RECORD_THAT_IS_SENT},
        {"body_weight": "82.5", "unit": "kg", "created_at": _CREATED_AT},
        optional=("operation", *_OPTIONAL, *_RECORD),
        **_RECORD_NEEDS,
        **_NO_OTHERS,
    ),
    "EntryChange": _object(
        _SENT_CHANGE,
        {"body_weight": "82.5"},
        optional=tuple(_SENT_CHANGE),
        description=(
            "The members to replace (RFC 7396). Another `unit` needs its `body_weight` too. `id` must be the entry's, "
            "and `version` its present one, else 412."
        ),
        **_NO_OTHERS,
    ),
    "Batch": _object(
        {
            "entries": _array(
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
        **_NO_OTHERS,
    ),
    "ItemToChange": _object(
        {"operation": {"const": Operation.CHANGE.value}, **_SENT_CHANGE},
        {"operation": Operation.CHANGE.value, "id": _ENTRY_ID, "body_weight": "82.5"},
        optional=tuple(name for name in _SENT_CHANGE if name != "id"),
        description="The entry of this `id` gets the other members, as by PATCH.",
        **_NO_OTHERS,
    ),
    "ItemToDelete": _object(
        {
            "operation": {"const": Operation.DELETE.value},
            "id": ID,
            client_record.RECORD_ID: RECORD_ID,
            "version": VERSION,
        },
        {"operation": Operation.DELETE.value, "id": _ENTRY_ID},
        optional=("id", client_record.RECORD_ID, "version"),
        description="The entry of this `id`, or of this app's own id, goes; with `version`, only that version.",
        oneOf=[{"required": ["id"]}, {"required": [client_record.RECORD_ID]}],
        **_NO_OTHERS,
    ),
    "BatchResult": _object(
        {
            "inserted": {"type": "integer", "minimum": 0, "maximum": MAX_ENTRIES},
            "results": _array(
                {"anyOf": [ref("StoredItem"), ref("DeletedItem"), ref("RefusedItem")]}, description="As they were sent."
            ),
        },
        {
            "inserted": 1,
            "results": [
                {"status": 201, "entry": _ENTRY_EXAMPLE},
                {"status": 422, "errors": [{"field": "body_weight", "detail": _TOO_HEAVY}]},
            ],
        },
    ),
    "StoredItem": _object(
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
    "DeletedItem": _object({"status": {"const": 204}}),
    "RefusedItem": _object({"status": {"enum": [404, 410, 412, 422]}, "errors": _array(ref("Fault"))}),
    "Summary": _object(
        {
            "bucket": {"type": "string", "enum": list(BUCKETS)},
            "tz": {"type": "string", "description": "An IANA time zone."},
            "unit": UNIT,
            "smoothing": {"type": "string", "enum": list(SMOOTHINGS), "description": "How `trend` is defined."},
            "buckets": _array(ref("Bucket"), description="The oldest first; without those that have no entries."),
        },
        {
            "bucket": "day",
            "tz": "UTC",
            "unit": "kg",
            "smoothing": SMOOTHINGS[0],
            "buckets": [
                {
                    "start": "2026-01-05T00:00:00+00:00",
                    "end": "2026-01-06T00:00:00+00:00",
                    "count": 1,
                    "min": "82.5",
                    "max": "82.5",
                    "mean": "82.5",
                    "trend": "82.5",
                    "change": None,
                }
            ],
        },
    ),
    "Bucket": _object(
        {
            "start": INSTANT,
            "end": {**INSTANT, "description": "Where the next one begins."},
            "count": {"type": "integer", "minimum": 1},
            "min": _WEIGHT,
            "max": _WEIGHT,
            "mean": _WEIGHT,
            "trend": {**_WEIGHT, "description": "The weight without its daily ups and downs."},
            "change": {
                "type": ["string", "null"],
                "pattern": r"^-?[0-9]{1,6}(\.[0-9]{1,3})?$",
                "description": "From the mean of the bucket before that has entries; null if there is none.",
            },
        }
    ),
    "ImportedEntry": _object(
        {"id": {"type": "string"}, **_SENT_ENTRY, "deleted": {"type": "boolean"}},
        {"body_weight": "82.5", "unit": "kg", "created_at": _CREATED_AT},
        optional=("id", "deleted", *_OPTIONAL),
        description=(
            "By its `id` an entry of this API is known again. What is marked `deleted` is left out. Other members are "
            "ignored."
        ),
    ),
    "ImportResult": _object(
        {
            "inserted": _COUNT,
            "already_there": {**_COUNT, "description": "By `id`, or of the same instant and weight."},
            "merged": {**_COUNT, "description": "Likely twins, with `twins=merge`."},
            "marked_deleted": {**_COUNT, "description": "Rows that say they were deleted; they are left out."},
            "warnings": _array(ref("RowWarning"), description="The first hundred."),
            "warning_count": {**_COUNT, "description": "How many there are in all."},
        },
        {"inserted": 1, "already_there": 0, "merged": 0, "marked_deleted": 0, "warnings": [], "warning_count": 0},
    ),
    "Warning": _object(_WARNING, optional=("id",)),
    "RowWarning": _object({**_WARNING, **_PLACE}, optional=("id", *_PLACE)),
    "Webhook": _object(_WEBHOOK, _WEBHOOK_EXAMPLE),
    "RegisteredWebhook": _object(
        {**_WEBHOOK, "secret": {"type": "string", "pattern": "^whsec_"}},
        {**_WEBHOOK_EXAMPLE, "secret": "whsec_x+x8zPZC3lMTbnMVRvHKm7u7Gyrgmpq6kPLyM3FMDCw="},
    ),
    "NewWebhook": _object(
        {
            "url": {"type": "string", "maxLength": MAX_LENGTH, "description": "https, of a public address."},
            "own_changes": {"type": "boolean", "default": True},
        },
        {"url": _WEBHOOK_EXAMPLE["url"]},
        optional=("own_changes",),
        **_NO_OTHERS,
    ),
    "WebhookChange": _object({"status": {"const": Status.ACTIVE.value}}, {"status": Status.ACTIVE.value}, **_NO_OTHERS),
    "SentTest": _object({"message_id": {"type": "string"}}, {"message_id": f"msg_{_WEBHOOK_EXAMPLE['id']}_1"}),
    "Problem": _object(
        {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "What is wrong, for whoever writes the app."},
            "errors": _array(ref("Fault"), description="What is at fault, where that can be named."),
            "violated-policies": _array({"type": "string"}, description="With 429: which quota was used up."),
        },
        optional=("errors", "violated-policies"),
        description="RFC 9457.",
    ),
    "Fault": _object(
        {
            "field": {"type": "string", "description": "A member of the body, a parameter or a header."},
            "detail": {"type": "string"},
            **_PLACE,
        },
        optional=tuple(_PLACE),
    ),
}

WEBHOOKS = (Content(_array(ref("Webhook"))),)
ENTRIES = (Content(_array(ref("Entry"))),)
ENTRIES_OR_CHANGES = (Content(_array({"anyOf": [ref("Entry"), ref("DeletedEntry")]}), example=[_ENTRY_EXAMPLE]),)
EXPORTED_FILE = (
    *ENTRIES,
    Content(
        {"type": "string"},
        CSV.media_type,
        ",".join(COLUMNS) + f"\r\n{_ENTRY_ID},82.5,kg,{_CREATED_AT},+01:00,\r\n",
    ),
)
IMPORTED_FILE = (
    Content(_array(ref("ImportedEntry")), JSON.media_type),
    Content({"type": "string"}, CSV.media_type, ",".join(NEEDED) + f"\r\n82.5,kg,{_CREATED_AT}\r\n"),
)
