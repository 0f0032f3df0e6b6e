"""Files of other services, made up in their shapes: each is recognised by its content and read as it was meant."""

import csv
import io
import re
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import pytest

from fit_service.rules.formats import apple_health, csv_rows
from fit_service.rules.formats.apple_health import APPLE_HEALTH
from fit_service.rules.formats.contract import ClockTime, Day, EitherDate, Instant, Reading, Row, Skipped
from fit_service.rules.formats.head import Head
from fit_service.rules.formats.table import FORMATS, recognise
from fit_service.rules.formats.withings_csv import WITHINGS_CSV
from fit_service.rules.refusals import TooLongError

FOLDER = Path(__file__).parent / "imported_files"
READINGS = csv.DictReader((FOLDER / "readings.csv").read_text(encoding="utf-8").splitlines())
BY_LINE = {"lines 2 and 4": ("line 2", "line 4")}
"""How rows are named that stand together in the table of readings."""
EXPECTED = {name: list(rows) for name, rows in groupby(READINGS, lambda row: row["file"]) if (FOLDER / name).exists()}
FORMAT_OF = {
    "apple-health-export.xml": "apple_health",
    "withings-weight-lb.csv": "withings_csv",
    "withings-getmeas.json": "withings_getmeas",
    "fitbit-weight-2026-01-05.json": "fitbit",
    "google-takeout-weight_2026-01-01.csv": "google_takeout_csv",
    "google-fit-merge_weight.json": "google_fit",
    "google-health-api-weight.json": "google_health_api",
    "com.samsung.health.weight.20260201080000.csv": "samsung_health",
    "zepp-life-BODY_1760000000000.csv": "zepp_life",
    "renpho-health.csv": "renpho",
    "openscale-2.5.csv": "openscale",
    "libra-v6-lbs.csv": "libra",
    "garmin-connect-weight-us.csv": "garmin_csv",
    "garmin-weight_scale.fit": "fit",
    "fhir-r4-bundle.json": "fhir",
    "omh-body-weight.json": "open_mhealth",
}
Told = tuple[str, str, str]


def read(name: str) -> list[Row]:
    """All rows of a file, which is sent without its name."""
    file = (FOLDER / name).read_bytes()
    recognised = recognise(lambda: io.BytesIO(file), "utf-8-sig", "application/octet-stream", 0)
    assert recognised.format.name == FORMAT_OF[name]
    assert recognised.because
    return list(recognised.rows("utf-8-sig"))


def told(row: Row) -> Told:
    """A row in the words of readings.csv."""
    if isinstance(row, Skipped):
        return "skip", "", ""
    assert isinstance(row, Reading)
    when = row.when.month_first if isinstance(row.when, EitherDate) else row.when
    if isinstance(when, Instant):
        assert when.at.tzinfo is UTC
        shown = when.at.replace(tzinfo=None).isoformat() + "Z"
    elif isinstance(when, ClockTime):
        shown = f"local {when.shown.isoformat()}"
    else:
        assert isinstance(when, Day)
        shown = f"date {when.day.isoformat()}"
    return f"{row.value.normalize():f}", row.unit or "unknown", shown


def expected(row: dict[str, str]) -> Told:
    when = re.sub(r"(\.\d+)Z$", lambda found: found[1].ljust(7, "0") + "Z", row["when"])
    return row["value"], row["unit"], when


def test_there_is_a_sample_of_each_file_and_each_is_of_a_known_format() -> None:
    assert EXPECTED.keys() == FORMAT_OF.keys()
    assert {path.name for path in FOLDER.iterdir()} == {*FORMAT_OF, "readings.csv"}
    assert set(FORMAT_OF.values()) <= {each.name for each in FORMATS}


@pytest.mark.parametrize("name", FORMAT_OF)
def test_each_row_of_a_file_is_read_as_it_was_meant(name: str) -> None:
    rows = read(name)
    meant = [{**each, "row": row} for each in EXPECTED[name] for row in BY_LINE.get(each["row"], [each["row"]])]
    if BY_LINE.keys() & {each["row"] for each in EXPECTED[name]}:
        meant.sort(key=lambda each: int(each["row"].split()[1]))
    assert [told(row) for row in rows] == [expected(each) for each in meant]
    for row, each in zip(rows, meant, strict=True):
        if re.fullmatch(r"(line|record|entry|point|message) \d+", each["row"]):
            assert " ".join(map(str, row.place)) == each["row"]


@pytest.mark.parametrize("name", FORMAT_OF)
def test_no_reading_has_more_than_three_decimals(name: str) -> None:
    for row in read(name):
        if isinstance(row, Reading):
            assert row.value == row.value.quantize(Decimal("0.001"))
            assert not isinstance(row.when, Instant) or row.when.at < datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("name", FORMAT_OF)
def test_a_file_is_recognised_as_one_format_only(name: str) -> None:
    head = Head((FOLDER / name).read_bytes())
    assert [each.name for each in FORMATS if each.recognise(head)] == [FORMAT_OF[name]]


def test_a_tag_and_a_row_have_an_end() -> None:
    """What is far above the limit: they are counted in portions."""
    for read, file, said in (
        (APPLE_HEALTH.read, b"<HealthData><Record a='" + b"x" * 2 * apple_health.MAX_TOKEN, "a tag of more than"),
        (WITHINGS_CSV.read, b"Date,Weight (kg)\n" + b'"x"' + b"," * 2 * csv_rows.MAX_ROW, "A row of the file has more"),
    ):
        with pytest.raises(TooLongError, match=said):
            list(read(io.BytesIO(file), "utf-8-sig"))
