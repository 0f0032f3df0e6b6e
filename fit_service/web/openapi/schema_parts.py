"""The schemas of the API's objects are made of these values in JSON Schema, and written down by these functions."""

from collections.abc import Mapping
from typing import Any

from fit_service.rules import client_record
from fit_service.rules.weight import MAX_DECIMALS, UNITS
from fit_service.web.openapi.description import Content, Schema

INSTANT: Schema = {"type": "string", "format": "date-time"}
BOUND: Schema = {"anyOf": [INSTANT, {"type": "string", "format": "date"}]}
INSTANT_OR_NULL: Schema = {"type": ["string", "null"], "format": "date-time"}
UNIT: Schema = {"type": "string", "enum": list(UNITS)}
TIME_ZONE: Schema = {"type": "string", "pattern": "^[A-Za-z0-9_+/-]+$", "examples": ["Europe/Berlin"]}
CURSOR: Schema = {"type": "string", "pattern": "^[A-Za-z0-9_-]+=*$"}
SYNC_POSITION: Schema = {"type": "string", "pattern": "^(0|[0-9]{1,18}-[0-9]{1,18})$"}
ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{24}$"}
RECORD_ID: Schema = {"type": "string", "pattern": f"^{client_record.ID}$"}
WEIGHT: Schema = {
    "type": "string",
    "pattern": rf"^[0-9]{{1,6}}(\.[0-9]{{1,{MAX_DECIMALS}}})?$",
    "description": "An exact decimal. What was converted is rounded to three decimals.",
}
COUNT: Schema = {"type": "integer", "minimum": 0}
PLACE: Mapping[str, Schema] = {
    "index": {"type": "integer", "minimum": 0, "description": "Of the entry, in an array."},
    "line": {"type": "integer", "minimum": 1, "description": "Of the entry, in a CSV file."},
    "place": {"type": "string", "description": "Of the entry, in another file, in words.", "examples": ["record 7"]},
}
NO_OTHERS: dict[str, Any] = {"additionalProperties": False}
EXAMPLE_INSTANT, EXAMPLE_ID = "2026-01-05T06:30:00+00:00", "49ab6b1d2b1c1f3fae5c3a60"


def ref(name: str) -> Schema:
    """Refer to the schema of this name."""
    return {"$ref": f"#/components/schemas/{name}"}


def one(name: str) -> tuple[Content]:
    """Say that a body is the object of this name."""
    return (Content(ref(name)),)


def object_of(
    properties: Mapping[str, Schema], *examples: object, optional: tuple[str, ...] = (), **more: object
) -> Schema:
    """Describe an object, whose members are required but the optional ones; `more` are further keywords."""
    required = [name for name in properties if name not in optional]
    described = {"type": "object", "properties": properties, **({"required": required} if required else {}), **more}
    return {**described, "examples": list(examples)} if examples else described


def array_of(items: Schema, **more: object) -> Schema:
    """Describe an array of such items; `more` are further keywords."""
    return {"type": "array", "items": items, **more}
