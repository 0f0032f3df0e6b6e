"""Files of entries are written and read one by one: memory does not grow with their length."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from fit_service.body_weight_entry import BodyWeightEntry, NewEntry
from fit_service.entry_file import FORMATS, EntryFormat, check, entries_of
from fit_service.weight import Weight

ENTRY = BodyWeightEntry(Weight(Decimal("82.5"), "kg"), datetime(2026, 1, 31, 6, 30, tzinfo=UTC), "a" * 24, 1)
each_format = pytest.mark.parametrize("entry_format", FORMATS, ids=lambda each: each.name)


@each_format
def test_writing_takes_entries_only_as_its_text_is_fetched(entry_format: EntryFormat) -> None:
    taken = 0

    def entries() -> Iterator[BodyWeightEntry]:
        nonlocal taken
        for _ in range(1000):
            taken += 1
            yield ENTRY

    text = entry_format.write(entries(), None)
    next(text), next(text)
    assert 1 <= taken <= 2
    assert len(list(text)) >= 998
    assert taken == 1000


@each_format
def test_reading_takes_bytes_only_as_its_entries_are_fetched(entry_format: EntryFormat) -> None:
    file = io.BytesIO("".join(entry_format.write([ENTRY] * 20_000, None)).encode())
    rows = entries_of(file, entry_format)
    assert next(rows) == NewEntry(ENTRY.weight, ENTRY.created_at)
    assert file.tell() <= 128 * 1024 < len(file.getvalue())


@each_format
def test_a_file_can_be_read_again_after_it_was_checked(entry_format: EntryFormat) -> None:
    file = io.BytesIO("".join(entry_format.write([ENTRY] * 3, None)).encode())
    assert check(file, entry_format) == 3
    file.seek(0)
    assert len(list(entries_of(file, entry_format))) == 3
