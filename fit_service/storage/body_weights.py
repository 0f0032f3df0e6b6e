"""Body weights are read and changed here. Every question names the person, so nobody reaches another's entries."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy.orm import Session

from fit_service.rules.body_weight_entry import BodyWeightEntry
from fit_service.rules.entry_matching import Candidate
from fit_service.rules.insertion import InsertionPlan, plan_insertion
from fit_service.storage.change_marks import ChangeMarks
from fit_service.storage.database import Database
from fit_service.storage.database_epoch import DatabaseBehindError, DatabaseEpochStore
from fit_service.storage.entry_changes import EntryChanges
from fit_service.storage.entry_pages import EntryPages, Page, Position, Rows
from fit_service.storage.entry_reader import ENTRY, LATEST, EntryReader
from fit_service.storage.entry_rows import Writer, to_entry
from fit_service.storage.kept_answers import Answer, RepeatableRequest, once
from fit_service.storage.staged_imports import StagedImport, staged_import
from fit_service.storage.surroundings import surroundings


class BodyWeightStore:
    """It hands out what one person's entries are read and changed with.

    `marks` know how far changes got, by which a database is recognised that lost some.
    """

    def __init__(self, database: Database, marks: ChangeMarks | None = None) -> None:
        self._database = database
        self._marks = marks
        self._entry, self._latest = database.question(ENTRY), database.question(LATEST)
        self._pages = EntryPages(database)

    def find(self, subject: str, entry_id: str) -> BodyWeightEntry | None:
        """Return one person's entry of this id."""
        row = self._entry.ask(subject=subject, id=entry_id)
        return to_entry(row) if row else None

    def latest(self, subject: str) -> BodyWeightEntry | None:
        """Return one person's entry of the latest instant; of several, the one stored last."""
        row = self._latest.ask(subject=subject)
        return to_entry(row) if row else None

    def last_change(self, subject: str) -> int:
        """Return the number of one person's last change: what is shown of them stays the same while it does."""
        return self._pages.last_change(subject)

    def page(self, subject: str, page: Page) -> tuple[Rows, Position | None, int]:
        """Return the rows of a page, where the next one begins, and the number of the last change, as of one moment."""
        rows = self._pages.rows(subject, page)
        if rows:
            return *page.cut(rows), rows[0][-1]
        with self.reading(subject) as entries:  # no row is there to say it
            return *entries.rows(page), entries.counter().last_change

    @contextmanager
    def reading(self, subject: str) -> Iterator[EntryReader]:
        """Read one person's entries as they are at one moment, until the block ends."""
        with self._database.reading() as session:
            yield EntryReader(session, subject)

    @contextmanager
    def changing(self, subject: str, client_id: str | None = None) -> Iterator[EntryChanges]:
        """Change one person's entries for a client: all changes happen when the block ends, none if it raises."""
        with self._marked(Writer(subject, client_id)) as (_, changes):
            yield changes

    def foresee(self, subject: str, candidates: Sequence[Candidate], *, merge_twins: bool) -> InsertionPlan:
        """Say what an import of these would do at this moment; nothing is written."""
        with self._database.reading() as session:
            around = surroundings(session, subject, candidates)
        return plan_insertion(candidates, around, find_same=True, merge_twins=merge_twins)

    @contextmanager
    def staged(
        self, subject: str, candidates: Sequence[Candidate], *, merge_twins: bool, client_id: str | None = None
    ) -> Iterator[StagedImport]:
        """Lay down an import where nobody sees it until `EntryChanges.insert_staged`, or until the block ends."""
        with staged_import(self._database, Writer(subject, client_id), candidates, merge_twins=merge_twins) as staged:
            yield staged

    def change_once(
        self,
        subject: str,
        request: RepeatableRequest | None,
        work: Callable[[EntryChanges], Answer],
        client_id: str | None = None,
    ) -> Answer:
        """Do `work` and keep its answer, both or neither; or, if this request was answered before, only repeat that.

        Raises kept_answers.OtherRequestError if the request's key stands for another one.
        """
        with self._marked(Writer(subject, client_id)) as (session, changes):
            return once(session, request, lambda: work(changes))

    @contextmanager
    def _marked(self, writer: Writer) -> Iterator[tuple[Session, EntryChanges]]:
        """Hold a transaction whose last number is noted outside of the database once it is committed."""
        try:
            with self._database.writing() as session:
                changes = EntryChanges(session, writer, self._marks)
                yield session, changes
                changes.finish()
        except DatabaseBehindError:
            DatabaseEpochStore(self._database).note_behind()
            raise
        if self._marks is not None and changes.reached is not None:
            self._marks.reach(writer.subject, changes.reached)
