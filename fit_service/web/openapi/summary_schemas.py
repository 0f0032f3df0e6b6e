"""Describes what a chart shows, in JSON Schema with an example."""

from collections.abc import Mapping

from fit_service.rules.summary import BUCKETS
from fit_service.rules.trend import SMOOTHINGS
from fit_service.web.openapi.description import Schema
from fit_service.web.openapi.schema_parts import INSTANT, UNIT, WEIGHT, array_of, object_of, ref

SUMMARY_SCHEMAS: Mapping[str, Schema] = {
    "Summary": object_of(
        {
            "bucket": {"type": "string", "enum": list(BUCKETS)},
            "tz": {"type": "string", "description": "An IANA time zone."},
            "unit": UNIT,
            "smoothing": {"type": "string", "enum": list(SMOOTHINGS), "description": "How `trend` is defined."},
            "buckets": array_of(ref("Bucket"), description="The oldest first; without those that have no entries."),
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
    "Bucket": object_of(
        {
            "start": INSTANT,
            "end": {**INSTANT, "description": "Where the next one begins."},
            "count": {"type": "integer", "minimum": 1},
            "min": WEIGHT,
            "max": WEIGHT,
            "mean": WEIGHT,
            "trend": {**WEIGHT, "description": "The weight without its daily ups and downs."},
            "change": {
                "type": ["string", "null"],
                "pattern": r"^-?[0-9]{1,6}(\.[0-9]{1,3})?$",
                "description": "From the mean of the bucket before that has entries; null if there is none.",
            },
        }
    ),
}
