"""A page is one question, and shows of each row what the entry shows that is made of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from fit_service.rules.body_weight_entry import NewEntry, Origin
from fit_service.rules.client_record import ClientRecord
from fit_service.rules.weight import Weight
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.database import Database
from fit_service.storage.entry_pages import EntryPages, Page
from fit_service.storage.entry_rows import shown, to_entry
from tests.fit_storage.entries import FIRST, change, insert, new, of_record, send
from tests.support.query_plans import plans, statements

BEFORE_1970 = datetime(1900, 1, 1, 23, 59, 59, 999_999, tzinfo=UTC)
ALL = Page(limit=100)
PAGES = {
    "the oldest": Page(limit=2),
    "all": ALL,
    "the latest": Page(limit=2, descending=True),
    "those of two days": Page(limit=2, start=FIRST, end=FIRST + timedelta(days=2)),
    "those after one": Page(limit=2, after=(0, "")),
    "those before one": Page(limit=2, after=(2**60, ""), descending=True),
    "an app's own": Page(limit=2, record=("app", "an id")),
    "one of nobody": Page(limit=2, record=("app", "another id")),
}


@pytest.fixture
def store_of_all_kinds(store: BodyWeightStore) -> BodyWeightStore:
    """One that holds an entry of each kind, one of which was changed."""
    said = NewEntry(Weight(Decimal("181.437"), "lbs"), BEFORE_1970, utc_offset=-210, origin=Origin.DEVICE)
    changed, *_ = insert(store, new("80.5"), new("200", 1, "lbs"), new("80", 2), said)
    change(store, changed, replace(said, record=ClientRecord("other app", "an id", 3)))
    send(store, of_record("an id"))
    insert(store, new(), subject="ada")
    return store


@pytest.mark.parametrize("unit", [None, "kg", "lbs"])
def test_a_row_shows_what_its_entry_shows(store_of_all_kinds: BodyWeightStore, unit: str | None) -> None:
    rows, _, _ = store_of_all_kinds.page("mo", ALL)
    assert len(rows) == 5
    for row in rows:
        entry = to_entry(row[:-1])
        for client_id in (None, "app", "other app"):
            members = entry.to_json(unit, client_id)
            assert list(shown(row, unit, client_id).items()) == list(members.items())


def test_what_was_stored_before_its_moments_were_noted_shows_none(store: BodyWeightStore) -> None:
    insert(store)
    [row], _, _ = store.page("mo", ALL)
    old = [*row[:8], None, None, *row[10:]]
    assert shown(old, None, None) == to_entry(old[:-1]).to_json()
    assert not {"stored_at", "modified_at"} & shown(old, None, None).keys()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_what_a_transaction_reads(store_of_all_kinds: BodyWeightStore, page: str) -> None:
    rows, position, last_change = store_of_all_kinds.page("mo", PAGES[page])
    with store_of_all_kinds.reading("mo") as entries:
        assert ([to_entry(row[:14]) for row in rows], position) == entries.page(PAGES[page])
        assert last_change == entries.counter().last_change == store_of_all_kinds.last_change("mo")


def test_who_has_no_entry_has_an_empty_page_of_the_beginning(store: BodyWeightStore) -> None:
    with store.reading("mo") as entries:
        counter = entries.counter()
    assert store.page("mo", ALL) == ([], None, counter.last_change)
    assert store.last_change("mo") == counter.last_change


def test_an_entry_that_came_after_an_empty_page_was_read_is_on_it(
    store: BodyWeightStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EntryPages, "rows", lambda *_: insert(store)[1:])
    rows, _, last_change = store.page("mo", ALL)
    assert [to_entry(row).change for row in rows] == [last_change]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_one_statement_that_reads_nothing_whole(
    database: Database, store_of_all_kinds: BodyWeightStore, page: str
) -> None:
    expected = 1 if store_of_all_kinds.page("mo", PAGES[page])[0] else 3
    with statements(database._engine, database._asking) as executed:
        store_of_all_kinds.page("mo", PAGES[page])
    assert len([each for each, _ in executed if each.startswith("SELECT")]) == expected
    with plans(database._engine) as found:
        store_of_all_kinds.page("mo", PAGES[page])
        store_of_all_kinds.last_change("mo")
    assert found.read_whole == set()
