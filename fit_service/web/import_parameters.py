"""The parameters of an import say what its file doesn't say, and whether it is only tried."""

import re
from datetime import time
from zoneinfo import ZoneInfo

from fit_service.rules.formats.mapped_csv import MAX_LENGTH, Columns, parse_columns
from fit_service.rules.formats.table import MAP
from fit_service.rules.import_choices import DAY_FIRST, EARLIER, LATER, MONTH_FIRST, REFUSE, SKIP, Choices
from fit_service.rules.import_marks import IMPORT_ID, parse_import_id
from fit_service.rules.local_days import parse_zone
from fit_service.rules.refusals import InvalidValueError
from fit_service.rules.weight import parse_unit
from fit_service.web.openapi import schema_parts
from fit_service.web.parameters import Parameter, Query, Reader, one_of

_LONGEST_MEMBERS = 256
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


def _parse_time(text: str, name: str) -> time:
    if _TIME.fullmatch(text) is None:
        raise InvalidValueError(name, f"{name} must be a time of day, as in 07:30.")
    return time.fromisoformat(text)


def _parse_members(text: str, name: str) -> frozenset[str]:
    if not 0 < len(text) <= _LONGEST_MEMBERS:
        raise InvalidValueError(name, f"{name} must have 1 to {_LONGEST_MEMBERS} characters.")
    return frozenset(each.strip() for each in text.split(","))


_FLAG: Reader[bool] = Reader(
    {"type": "boolean"}, lambda text, name: one_of("true", "false").parse(text, name) == "true"
)
IMPORTED_UNIT: Parameter[str | None] = Parameter(
    "unit", Reader(schema_parts.UNIT, parse_unit), None, "Of the weights whose unit the file does not say."
)
IMPORTED_ZONE: Parameter[ZoneInfo | None] = Parameter(
    "tz",
    Reader(schema_parts.TIME_ZONE, parse_zone),
    None,
    "The IANA time zone of the times whose zone the file does not say.",
)
IMPORTED_TIME: Parameter[time | None] = Parameter(
    "time",
    Reader({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "examples": ["07:30"]}, _parse_time),
    None,
    "The local time of the weighings of which the file says only the day.",
)
DATES: Parameter[str | None] = Parameter(
    "dates", one_of(MONTH_FIRST, DAY_FIRST), None, "How a file writes 01/02/2026, if none of its dates shows that."
)
CLOCK_CHANGES: Parameter[str] = Parameter(
    "clock_changes",
    one_of(REFUSE, EARLIER, LATER, SKIP),
    REFUSE,
    "What becomes of a local time that happened twice in `tz`; with `skip`, also of one that did not happen.",
)
MEMBER: Parameter[frozenset[str] | None] = Parameter(
    "member",
    Reader({"type": "string", "maxLength": _LONGEST_MEMBERS, "examples": ["184.0"]}, _parse_members),
    None,
    "Whose weighings are meant if the file tells several people apart; several names of one person with commas.",
)
COLUMNS: Parameter[Columns | None] = Parameter(
    MAP,
    Reader(
        {
            "type": "string",
            "contentMediaType": "application/json",
            "maxLength": MAX_LENGTH,
            "examples": ['{"body_weight": "Weight", "created_at": "Date"}'],
        },
        parse_columns,
    ),
    None,
    "JSON that names the columns of any other CSV: `body_weight`, `created_at`, perhaps `time` and `unit`.",
)
DRY_RUN: Parameter[bool] = Parameter(
    "dry_run", _FLAG, default=False, description="Only tell what an import would do: nothing is stored."
)
_NAME = Reader({"type": "string", "pattern": f"^{IMPORT_ID}$", "examples": ["2f6d1c9e-0b7f-4a1c"]}, parse_import_id)
NAMED: Parameter[str | None] = Parameter(
    "import_id", _NAME, None, "A name for the import, by which it can be taken back; parts of one import share it."
)
NEEDED_NAME: Parameter[str] = Parameter(NAMED.name, _NAME, "", "The name under which it was imported.", required=True)
CHOICES = (COLUMNS, IMPORTED_UNIT, IMPORTED_ZONE, IMPORTED_TIME, DATES, CLOCK_CHANGES, MEMBER)


def choices(query: Query) -> Choices:
    """Return what was chosen of what a file doesn't say."""
    return Choices(
        unit=query[IMPORTED_UNIT],
        zone=query[IMPORTED_ZONE],
        time_of_day=query[IMPORTED_TIME],
        dates=query[DATES],
        clock_changes=query[CLOCK_CHANGES],
        members=query[MEMBER],
    )
