"""Describes the files that are exported, in JSON Schema. The examples are what the formats really write."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from fit_service.rules.body_weight_entry import BodyWeightEntry
from fit_service.rules.entry_file import CSV, EntryFormat, Person
from fit_service.rules.fhir_bundle import FHIR
from fit_service.rules.open_mhealth_points import MODALITIES, OPEN_MHEALTH
from fit_service.rules.weight import Weight
from fit_service.web.openapi.description import Content, Schema
from fit_service.web.openapi.entry_schemas import ENTRY_EXAMPLE
from fit_service.web.openapi.schema_parts import EXAMPLE_ID, EXAMPLE_INSTANT, INSTANT, array_of, object_of, ref

_PERSON = Person("https://auth.example", "0b7f2f5c1d9e4a6f8c3b2a1d0e9f8c7b")
_ENTRY = BodyWeightEntry(
    Weight(Decimal("82.5"), "kg"),
    datetime.fromisoformat(EXAMPLE_INSTANT),
    EXAMPLE_ID,
    1,
    _PERSON.subject,
    utc_offset=60,
)
_UUID: Schema = {"type": "string", "format": "uuid"}
_NUMBER: Schema = {"type": "number", "description": "Exact, with at most three decimals: don't read it as a float."}


def _written(entry_format: EntryFormat) -> str:
    return "".join(entry_format.write([_ENTRY], None, _PERSON))


def _shown(entry_format: EntryFormat) -> Any:
    return json.loads(_written(entry_format))


EXPORT_SCHEMAS: Mapping[str, Schema] = {
    "Bundle": object_of(
        {
            "resourceType": {"const": "Bundle"},
            "type": {"const": "collection"},
            "entry": array_of(
                object_of({"fullUrl": {"type": "string", "format": "uri"}, "resource": {"type": "object"}}), minItems=1
            ),
        },
        _shown(FHIR),
        description=(
            "HL7 FHIR R4: one Patient, who is known by the account only, and an Observation of the profile "
            "http://hl7.org/fhir/StructureDefinition/bodyweight for each entry."
        ),
    ),
    "DataPoint": object_of(
        {
            "header": object_of(
                {
                    "uuid": _UUID,
                    "schema_id": {"type": "object"},
                    "source_creation_date_time": INSTANT,
                    "modality": {"enum": list(MODALITIES.values())},
                },
                optional=("modality",),
            ),
            "body": object_of(
                {
                    "body_weight": object_of({"value": _NUMBER, "unit": {"enum": ["kg", "lb"]}}),
                    "effective_time_frame": object_of({"date_time": INSTANT}),
                }
            ),
        },
        *_shown(OPEN_MHEALTH),
        description="With `format=open_mhealth`: the header of IEEE 1752.1, a body of Open mHealth's body-weight 3.0.",
    ),
}
EXPORTED_FILE = (
    Content(array_of({"anyOf": [ref("Entry"), ref("DataPoint")]}), example=[ENTRY_EXAMPLE]),
    Content({"type": "string"}, CSV.media_type, _written(CSV)),
    Content(ref("Bundle"), FHIR.media_type),
)
