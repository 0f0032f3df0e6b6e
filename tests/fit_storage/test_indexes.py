"""What is asked at each call and by the worker reads no table whole, however large it grows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from fit_service.rules.body_weight_entry import BodyWeightEntry
from fit_service.rules.local_days import LocalDays
from fit_service.rules.webhooks.status import Owner
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.database import Database
from fit_service.storage.entry_pages import Page
from fit_service.storage.entry_reader import EntryReader
from fit_service.storage.kept_answers import KeptAnswers, RepeatableRequest
from tests.fit_storage.entries import FIRST, change, delete, insert, new, of_record, send
from tests.fit_storage.hooks import Hooks, seconds
from tests.support.query_plans import foreign_keys_without_index, plans


@dataclass(frozen=True)
class Tables:
    """The stores over tables with few rows: how they are read doesn't depend on that."""

    database: Database
    store: BodyWeightStore
    hooks: Hooks

    def read(self, ask: Callable[[EntryReader], object]) -> None:
        with self.store.reading("mo") as entries:
            ask(entries)

    def record(self) -> BodyWeightEntry:
        send(self.store, of_record("an id"))
        with self.store.changing("mo", "app") as changes:
            taken = changes.take_record("an id")
        assert taken is not None
        return taken

    def repeat(self) -> None:
        with self.database.writing() as session:
            KeptAnswers(session).claim(RepeatableRequest("key", "digest", FIRST))


DAYS = LocalDays(ZoneInfo("Europe/Berlin"), date(2026, 1, 1), date(2026, 12, 31))
PLACE = (0, "")
QUESTIONS: dict[str, Callable[[Tables], object]] = {
    "an entry": lambda at: at.read(lambda entries: entries.find("an id")),
    "the first page": lambda at: at.read(lambda entries: entries.page(Page(limit=10))),
    "a later page": lambda at: at.read(lambda entries: entries.page(Page(limit=10, descending=True, after=PLACE))),
    "a page of a month": lambda at: at.read(
        lambda entries: entries.page(Page(limit=10, start=FIRST, end=FIRST + timedelta(days=30)))
    ),
    "the latest entry": lambda at: at.read(lambda entries: entries.latest()),
    "what changed": lambda at: at.read(lambda entries: entries.changes_after(0, 0, 10)),
    "a summary": lambda at: at.read(lambda entries: entries.day_totals(DAYS)),
    "the counter": lambda at: at.read(lambda entries: entries.counter()),
    "an entry inserted": lambda at: insert(at.store, new()),
    "an entry changed": lambda at: change(at.store, insert(at.store, new())[0], new(81)),
    "an app's own record": lambda at: at.read(lambda entries: entries.page(Page(limit=10, record=("app", "an id")))),
    "a record sent again": lambda at: [send(at.store, of_record("an id", version)) for version in range(2)],
    "a record that was deleted": lambda at: (
        delete(at.store, at.record()),
        send(at.store, of_record("an id")),
    ),
    "an entry deleted": lambda at: delete(at.store, insert(at.store, new())[0]),
    "a repeatable request": Tables.repeat,
    "a person's webhooks": lambda at: at.hooks.store.all(Owner("app", "mo")),
    "a webhook registered": lambda at: at.hooks.register(),
    "the worker's question": lambda at: at.hooks.claim(),
    "a delivery": lambda at: at.hooks.deliver_all(),
    "the end of a grant": lambda at: at.hooks.endings.end_grants(["grant"], FIRST),
    "what has expired": lambda at: at.hooks.endings.sweep(at.hooks.now + seconds(1)),
}


@pytest.fixture
def tables(database: Database, store: BodyWeightStore) -> Tables:
    hooks = Hooks(database)
    hooks.register()
    insert(store, new())
    return Tables(database, store, hooks)


@pytest.mark.parametrize("question", QUESTIONS)
def test_nothing_is_read_whole(tables: Tables, question: str) -> None:
    with plans(tables.database._engine) as found:
        QUESTIONS[question](tables)
    assert found.statements
    assert found.read_whole == set()


def test_what_refers_to_a_row_is_found_through_an_index(database: Database) -> None:
    assert foreign_keys_without_index(database._engine) == set()
