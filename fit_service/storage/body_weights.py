"""Where body weights are read and changed. Every question names the person, so nobody reaches another's entries."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fit_service.storage.database import Database
from fit_service.storage.entry_changes import EntryChanges
from fit_service.storage.entry_reader import EntryReader
from fit_service.storage.kept_answers import Answer, KeptAnswers, RepeatableRequest


class BodyWeightStore:
    """Hands out what one person's entries are read and changed with."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def reading(self, subject: str) -> Iterator[EntryReader]:
        """One person's entries as they are at one moment, until the block ends."""
        with self._database.reading() as session:
            yield EntryReader(session, subject)

    @contextmanager
    def changing(self, subject: str) -> Iterator[EntryChanges]:
        """Changes of one person's entries: all of them happen when the block ends, none if it raises."""
        with self._database.writing() as session:
            yield EntryChanges(session, subject)

    def change_once(
        self, subject: str, request: RepeatableRequest | None, work: Callable[[EntryChanges], Answer]
    ) -> Answer:
        """Do `work` and keep its answer, both or neither; or, if this request was answered before, only repeat that.

        Raises kept_answers.OtherRequestError if the request's key stands for another one.
        """
        with self._database.writing() as session:
            if request is None:
                return work(EntryChanges(session, subject))
            kept = KeptAnswers(session)
            answer = kept.claim(request)
            if answer is None:
                answer = work(EntryChanges(session, subject))
                kept.keep(request, answer)
            return answer
