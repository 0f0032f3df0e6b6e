"""Describes files of entries, and what became of one that was imported, in JSON Schema with examples."""

from collections.abc import Mapping

from fit_service.rules.entry_file import COLUMNS, CSV, JSON, NEEDED
from fit_service.web.openapi.description import Content, Schema
from fit_service.web.openapi.entry_schemas import ENTRIES, OPTIONAL, SENT_ENTRY, WARNING
from fit_service.web.openapi.schema_parts import COUNT, EXAMPLE_ID, EXAMPLE_INSTANT, PLACE, array_of, object_of, ref

FILE_SCHEMAS: Mapping[str, Schema] = {
    "ImportedEntry": object_of(
        {"id": {"type": "string"}, **SENT_ENTRY, "deleted": {"type": "boolean"}},
        {"body_weight": "82.5", "unit": "kg", "created_at": EXAMPLE_INSTANT},
        optional=("id", "deleted", *OPTIONAL),
        description=(
            "By its `id` an entry of this API is known again. What is marked `deleted` is left out. Other members are "
            "ignored."
        ),
    ),
    "ImportResult": object_of(
        {
            "inserted": COUNT,
            "already_there": {**COUNT, "description": "By `id`, or of the same instant and weight."},
            "merged": {**COUNT, "description": "Likely twins, with `twins=merge`."},
            "marked_deleted": {**COUNT, "description": "Rows that say they were deleted; they are left out."},
            "warnings": array_of(ref("RowWarning"), description="The first hundred."),
            "warning_count": {**COUNT, "description": "How many there are in all."},
        },
        {"inserted": 1, "already_there": 0, "merged": 0, "marked_deleted": 0, "warnings": [], "warning_count": 0},
    ),
    "RowWarning": object_of({**WARNING, **PLACE}, optional=("id", *PLACE)),
}

EXPORTED_FILE = (
    *ENTRIES,
    Content(
        {"type": "string"},
        CSV.media_type,
        ",".join(COLUMNS) + f"\r\n{EXAMPLE_ID},82.5,kg,{EXAMPLE_INSTANT},+01:00,\r\n",
    ),
)
IMPORTED_FILE = (
    Content(array_of(ref("ImportedEntry")), JSON.media_type),
    Content({"type": "string"}, CSV.media_type, ",".join(NEEDED) + f"\r\n82.5,kg,{EXAMPLE_INSTANT}\r\n"),
)
