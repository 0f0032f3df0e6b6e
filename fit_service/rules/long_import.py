"""Reads a file of any length: its weighings wait on disk, and become entries in parts.

It is for whoever has the file beside the process, the command line and apps. All of a file is read and found good
before the first part is handed out, so nothing has to be stored of a file that is not.
"""

import pickle
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Self

from fit_service.rules.entry_import import MAX_ERRORS, FileEntry, SkippedRows, checked, refusal
from fit_service.rules.formats.contract import Reading, Reason, Row, Skipped, Unreadable
from fit_service.rules.import_choices import Choices, Chooser, Question
from fit_service.rules.refusals import Fault, InvalidValueError, TooLongError

MAX_READINGS = 1_000_000
"""A file has at most so many weighings: somebody who weighs a hundred times a day for twenty-seven years."""
_AT_ONCE = 500
"""So many are written to disk together."""


class LongFile:
    """It holds the weighings of a file. Close it."""

    def __init__(self, rows: Iterable[Row]) -> None:
        """Read all rows. Raises InvalidEntriesError that names rows at fault, and TooLongError."""
        self.skipped: dict[Reason, SkippedRows] = {}
        self.count = 0
        """It has so many weighings."""
        self._disk = tempfile.TemporaryFile()  # noqa: SIM115 - close() closes it
        self._faults: list[Fault] = []
        try:
            self._read(rows)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Forget the weighings."""
        self._disk.close()

    def check(self, choices: Choices, now: datetime) -> list[Question]:
        """Return what has to be chosen. Raises InvalidEntriesError that names rows that can be no entries."""
        chooser, faults = Chooser(choices, self), list[Fault]()
        for _ in self._entries(chooser, now, faults, {}):
            if len(faults) >= MAX_ERRORS:
                break
        if faults:
            raise refusal(faults[:MAX_ERRORS])
        return list(chooser.questions.values())

    def parts(self, choices: Choices, now: datetime, size: int) -> Iterator[list[FileEntry]]:
        """Yield the entries, at most `size` at a time. Those that a choice leaves out are added to `skipped`.

        What needs a choice that is missing is passed over.
        """
        left_out: dict[Reason, SkippedRows] = {}
        entries = self._entries(Chooser(choices, self), now, [], left_out)
        while part := list(islice(entries, size)):
            yield part
        self.skipped |= left_out

    def __iter__(self) -> Iterator[Reading]:
        place = 0
        while True:
            self._disk.seek(place)
            try:
                some: list[Reading] = pickle.load(self._disk)  # noqa: S301 - this process wrote it, where nobody else can
            except EOFError:
                return
            place = self._disk.tell()
            yield from some

    def _read(self, rows: Iterable[Row]) -> None:
        some: list[Reading] = []
        skipped = self.skipped
        for row in rows:
            if isinstance(row, Skipped):
                if row.reason not in skipped:
                    skipped[row.reason] = SkippedRows()
                skipped[row.reason].add(row.place)
            elif isinstance(row, Unreadable):
                self._faults.append(Fault(row.field, row.sentence, row.place))
                if len(self._faults) == MAX_ERRORS:
                    break
            else:
                some.append(row)
                if len(some) == _AT_ONCE:
                    self._write(some)
        self._write(some)
        if self._faults:
            raise refusal(self._faults)

    def _write(self, some: list[Reading]) -> None:
        self.count += len(some)
        if self.count > MAX_READINGS:
            raise TooLongError(f"The file has more than {MAX_READINGS} weighings.")
        if some:
            pickle.dump(some, self._disk, pickle.HIGHEST_PROTOCOL)
            some.clear()

    def _entries(
        self, chooser: Chooser, now: datetime, faults: list[Fault], left_out: dict[Reason, SkippedRows]
    ) -> Iterator[FileEntry]:
        for reading in self:
            try:
                entry = chooser.entry(reading)
                if isinstance(entry, Reason):
                    left_out.setdefault(entry, SkippedRows()).add(reading.place)
                elif entry is not None:
                    yield checked(reading, entry, now)
            except InvalidValueError as error:
                faults += (fault.at(reading.place) for fault in error.faults)
