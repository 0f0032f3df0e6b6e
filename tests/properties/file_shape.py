"""A shape of a file of another app or service that can repeat, and files that several shapes are made of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fit_service.rules import entry_import
from fit_service.rules.formats import table
from tests.properties.repeating_shapes import Sent, Shape

IMPORT = "/api/body_weight/import"
FILE = 1024 * 1024
"""Bytes."""
MOST, SKIPPED = entry_import.MAX_ENTRIES, entry_import.MAX_SKIPPED
CSV, JSON, XML, ZIP, ANY = "text/csv", "application/json", "application/xml", "application/zip", table.ANY
FIRST = datetime(1990, 1, 1, 6, 30, tzinfo=UTC)
WEIGHT = "HKQuantityTypeIdentifierBodyMass"


@dataclass(frozen=True)
class FileShape:
    """Something that can repeat in a file."""

    reader: str
    name: str
    limit: int
    file: Callable[[int], bytes]
    media_type: str
    said: str | None = None
    """Just above the limit this is said; None: only the number of bytes is limited."""
    query: str = ""

    def shape(self) -> Shape:
        path, headers = f"{IMPORT}?dry_run=true{self.query}", {"Content-Type": self.media_type}
        is_read = self.said is not None
        return Shape(self.name, self.limit, lambda count: Sent("POST", path, self.file(count), headers), is_read)


def days(count: int) -> list[datetime]:
    return [FIRST + timedelta(days=number) for number in range(count)]


def export(inside: str, dtd: str = "") -> bytes:
    doctype = f"<!DOCTYPE HealthData [{dtd}]>" if dtd else ""
    return f'<?xml version="1.0"?>{doctype}<HealthData locale="en_US">{inside}</HealthData>'.encode()


def weighings(count: int) -> str:
    return "".join(
        f'<Record type="{WEIGHT}" unit="kg" value="82" startDate="{day:%Y-%m-%d %H:%M:%S} +0000"/>'
        for day in days(count)
    )


def of_fitbit(count: int) -> bytes:
    items = (
        f'{{"logId":1,"weight":82,"date":"{day:%m/%d}/{day.year % 100:02}","time":"07:30:01"}}' for day in days(count)
    )
    return f"[{','.join(items)}]".encode()
