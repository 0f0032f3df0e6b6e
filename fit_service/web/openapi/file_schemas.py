"""Describes files that are imported, and what became of one, in JSON Schema with examples."""

from collections.abc import Mapping

from fit_service.rules.entry_file import JSON, NEEDED
from fit_service.rules.formats import mapped_csv
from fit_service.rules.formats.contract import Reason
from fit_service.rules.formats.table import ANY, FORMATS, MEDIA_TYPES
from fit_service.web.openapi.description import Content, Schema
from fit_service.web.openapi.entry_schemas import OPTIONAL, SENT_ENTRY, WARNING
from fit_service.web.openapi.schema_parts import (
    COUNT,
    EXAMPLE_INSTANT,
    INSTANT,
    PLACE,
    UNIT,
    WEIGHT,
    array_of,
    object_of,
    ref,
)

_OWN = f"it is an array of entries with the members {', '.join(NEEDED)}"
_CSV_EXAMPLE = ",".join(NEEDED) + f"\r\n82.5,kg,{EXAMPLE_INSTANT}\r\n"
_XML_EXAMPLE = (
    '<HealthData locale="en_US"><Record type="HKQuantityTypeIdentifierBodyMass" sourceName="Scale" unit="kg" '
    'startDate="2026-01-05 07:30:00 +0100" endDate="2026-01-05 07:30:00 +0100" value="82.5"/></HealthData>'
)
_FHIR_EXAMPLE = (
    '{"resourceType": "Observation", "status": "final", "code": {"coding": [{"system": "http://loinc.org", "code": '
    '"29463-7"}]}, "effectiveDateTime": "2026-01-05T06:30:00Z", "valueQuantity": {"value": 82.5, "system": '
    '"http://unitsofmeasure.org", "code": "kg"}}'
)
_FILE_EXAMPLES = {
    "application/fhir+json": _FHIR_EXAMPLE,
    "application/fhir+ndjson": _FHIR_EXAMPLE,
    "text/csv": _CSV_EXAMPLE,
    "application/xml": _XML_EXAMPLE,
    "text/xml": _XML_EXAMPLE,
    ANY: _CSV_EXAMPLE,
}
FILE_TYPES = tuple(each for each in (*MEDIA_TYPES, ANY) if each != JSON.media_type)


def _listed() -> str:
    return (
        "Formats: "
        + "; ".join(f"`{each.name}`, {each.title}" for each in FORMATS)
        + f"; `{mapped_csv.NAME}`, any CSV with `map`."
    )


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
            "recognised": ref("RecognisedFile"),
            "inserted": COUNT,
            "already_there": {**COUNT, "description": "By `id`, or of the same instant and weight."},
            "merged": {**COUNT, "description": "Likely twins, with `twins=merge`."},
            "marked_deleted": {**COUNT, "description": "Rows that say they were deleted; they are left out."},
            "skipped": array_of(ref("SkippedRows"), description="All rows that were left out, by reason."),
            "warnings": array_of(ref("RowWarning"), description="The first hundred."),
            "warning_count": {**COUNT, "description": "How many there are in all."},
            "dry_run": object_of(
                {"entries": array_of(ref("ForeseenEntry")), "questions": array_of(ref("ImportQuestion"))},
                description="With `dry_run=true`: the first entries that would be inserted, and what must be chosen.",
            ),
        },
        {
            "recognised": {
                "format": JSON.name,
                "because": f"it is an array of entries with the members {', '.join(NEEDED)}",
            },
            "inserted": 1,
            "already_there": 0,
            "merged": 0,
            "marked_deleted": 0,
            "skipped": [],
            "warnings": [],
            "warning_count": 0,
        },
        optional=("dry_run",),
    ),
    "RecognisedFile": object_of(
        {
            "format": {
                "enum": [*(each.name for each in FORMATS), mapped_csv.NAME],
                "description": "As this the file is read.",
            },
            "because": {"type": "string", "description": "By this it is recognised."},
        },
        description=_listed(),
    ),
    "SkippedRows": object_of(
        {
            "reason": {"enum": [each.value for each in Reason]},
            "count": COUNT,
            "places": array_of({"type": "string"}, description="Where the first ones stand.", examples=[["line 4"]]),
        },
    ),
    "ForeseenEntry": object_of(
        {
            "place": {"type": "string", "examples": ["line 2"]},
            "body_weight": WEIGHT,
            "unit": UNIT,
            "created_at": INSTANT,
            "utc_offset": {"type": "string"},
            "origin": {"type": "string"},
        },
        optional=("utc_offset", "origin"),
    ),
    "ImportQuestion": object_of(
        {
            "parameter": {"type": "string", "description": "It has to be sent with the import."},
            "detail": {"type": "string"},
            "count": {**COUNT, "description": "So many rows need it."},
            "places": array_of({"type": "string"}, description="Where the first ones stand."),
            "meanings": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "description": "What the first of these rows would be, by value of the parameter.",
            },
        },
        {
            "parameter": "unit",
            "detail": "The file does not say the unit: say kg or lbs with unit.",
            "count": 1,
            "places": ["line 2"],
            "meanings": {"kg": "181.4 kg", "lbs": "181.4 lbs, which is 82.282 kg"},
        },
    ),
    "TakenBackImport": object_of(
        {
            "deleted": {**COUNT, "description": "So many entries were deleted now."},
            "complete": {"type": "boolean", "description": "If false, there are more: ask again."},
        },
        {"deleted": 0, "complete": True},
    ),
    "RowWarning": object_of({**WARNING, **PLACE}, optional=("id", *PLACE)),
}

IMPORTED_FILE = (
    Content(array_of(ref("ImportedEntry")), JSON.media_type),
    *(Content({"type": "string"}, media_type, _FILE_EXAMPLES[media_type]) for media_type in FILE_TYPES),
)
