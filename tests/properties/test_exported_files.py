"""Whatever an entry is, each format writes it so that it is read again exactly."""

import io
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import given
from hypothesis import strategies as st

from fit_service.rules.body_weight_entry import BodyWeightEntry, NewEntry, Origin
from fit_service.rules.entry_file import EntryFormat, Person
from fit_service.rules.entry_import import read_entries
from fit_service.rules.export_formats import FORMATS
from fit_service.rules.formats.table import recognise
from fit_service.rules.formats.values import EPOCH
from fit_service.rules.import_choices import Choices
from fit_service.rules.weight import Weight

MO = Person("https://auth.example", "0b7f2f5c1d9e4a6f8c3b2a1d0e9f8c7b")
OF_ITS_OWN = {"json", "csv"}
"""These keep all of an entry: other people's standards have no place for some of it."""
FHIR_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?"
    r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
)
"""https://hl7.org/fhir/R4/datatypes.html#dateTime, of those with a time."""
MICROSECOND, SECOND = timedelta(microseconds=1), timedelta(seconds=1)
FIRST = datetime(1900, 1, 1, tzinfo=UTC)
LAST = datetime(9997, 12, 31, 23, 59, 59, 999999, UTC)
moments = st.one_of(
    st.integers(0, (LAST - FIRST) // MICROSECOND).map(lambda count: FIRST + count * MICROSECOND),
    st.integers(0, (LAST - FIRST) // SECOND).map(lambda count: FIRST + count * SECOND),
    st.sampled_from([FIRST, LAST]),
).filter(lambda moment: moment != EPOCH)
weights = st.one_of(
    st.integers(1_000, 700_000).map(lambda thousandths: Weight.of_thousandths(thousandths, "kg")),
    st.integers(2_205, 1_543_235).map(lambda thousandths: Weight.of_thousandths(thousandths, "lbs")),
)
entries = st.lists(
    st.builds(
        BodyWeightEntry,
        weights,
        moments,
        st.text("0123456789abcdef", min_size=24, max_size=24),
        st.just(1),
        st.just(MO.subject),
        utc_offset=st.one_of(st.none(), st.integers(-1439, 1439)),
        origin=st.one_of(st.none(), st.sampled_from(Origin)),
    ),
    max_size=5,
    unique_by=(lambda entry: entry.id, lambda entry: entry.created_at),
)
each_format = pytest.mark.parametrize("entry_format", FORMATS, ids=lambda each: each.name)


def written(entry_format: EntryFormat, stored: list[BodyWeightEntry]) -> bytes:
    return "".join(entry_format.write(stored, None, MO)).encode()


@each_format
@given(stored=entries)
def test_what_is_written_is_read_again(entry_format: EntryFormat, stored: list[BodyWeightEntry]) -> None:
    file = written(entry_format, stored)
    recognised = recognise(lambda: io.BytesIO(file), "utf-8-sig", entry_format.media_type, 0)
    read = read_entries(recognised, "utf-8-sig", Choices(), LAST)
    assert (read.skipped, read.questions) == ({}, [])
    expected = [_kept(entry_format, each) for each in stored]
    assert [_content(each.entry) for each in read.entries] == expected


def _content(entry: NewEntry) -> NewEntry:
    """What an entry says, without how it came to be."""
    return NewEntry(entry.weight, entry.created_at, utc_offset=entry.utc_offset, origin=entry.origin)


def _kept(entry_format: EntryFormat, entry: BodyWeightEntry) -> NewEntry:
    """What a format keeps of it."""
    if entry_format.name in OF_ITS_OWN:
        return _content(entry)
    has_place = entry.utc_offset is not None and 0 < abs(entry.utc_offset) <= 14 * 60
    return NewEntry(entry.weight, entry.created_at, utc_offset=entry.utc_offset if has_place else None)


@given(stored=entries)
def test_a_bundle_is_good_fhir_and_its_numbers_are_those_of_the_entries(stored: list[BodyWeightEntry]) -> None:
    [fhir] = (each for each in FORMATS if each.name == "fhir")
    value = json.loads(written(fhir, stored), parse_float=Decimal, parse_int=Decimal)
    bundle = Bundle.model_validate(value)
    found = [each.resource.valueQuantity.value for each in bundle.entry[1:]]
    assert found == [each.weight.amount for each in stored]
    assert all(FHIR_DATE_TIME.fullmatch(each["resource"]["effectiveDateTime"]) for each in value["entry"][1:])


def test_of_the_last_hours_of_all_time_the_instant_is_kept() -> None:
    """A local time after the year 9999 can't be written: the first release allowed days to come."""
    last = datetime.max.replace(tzinfo=UTC)
    entry = BodyWeightEntry(Weight(Decimal("82.5"), "kg"), last, "a" * 24, 1, MO.subject, utc_offset=60)
    with pytest.raises(OverflowError):
        last.astimezone(timezone(timedelta(minutes=60)))
    for entry_format in FORMATS:
        assert b"9999-12-31T23:59:59.999999" in written(entry_format, [entry])
