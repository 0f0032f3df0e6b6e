"""Files of entries are written one by one: memory does not grow with their length."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from fit_service.rules.body_weight_entry import BodyWeightEntry
from fit_service.rules.entry_file import CSV, JSON, EntryFormat, Person
from fit_service.rules.entry_import import read_entries
from fit_service.rules.export_formats import FORMATS
from fit_service.rules.formats.table import recognise
from fit_service.rules.import_choices import Choices
from fit_service.rules.weight import Weight

ENTRY = BodyWeightEntry(Weight(Decimal("82.5"), "kg"), datetime(2026, 1, 31, 6, 30, tzinfo=UTC), "a" * 24, 1, "mo")
MO = Person("https://auth.example", "mo")
each_format = pytest.mark.parametrize("entry_format", FORMATS, ids=lambda each: each.name)


@each_format
def test_writing_takes_entries_only_as_its_text_is_fetched(entry_format: EntryFormat) -> None:
    taken = 0

    def entries() -> Iterator[BodyWeightEntry]:
        nonlocal taken
        for _ in range(1000):
            taken += 1
            yield ENTRY

    text = entry_format.write(entries(), None, MO)
    next(text), next(text)
    assert 1 <= taken <= 2
    assert len(list(text)) >= 998
    assert taken == 1000


@pytest.mark.parametrize("entry_format", [CSV, JSON], ids=lambda each: each.name)
def test_what_was_written_is_read_with_its_ids(entry_format: EntryFormat) -> None:
    file = "".join(entry_format.write([ENTRY] * 3, None, MO)).encode()
    recognised = recognise(lambda: io.BytesIO(file), "utf-8-sig", entry_format.media_type, 0)
    assert recognised.format.name == entry_format.name
    found = read_entries(recognised, "utf-8-sig", Choices(), ENTRY.created_at).entries
    assert {(each.entry.weight, each.entry.created_at, each.id) for each in found} == {
        (ENTRY.weight, ENTRY.created_at, ENTRY.id)
    }
    assert len({each.place for each in found}) == 3
