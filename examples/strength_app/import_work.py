"""Reads a person's file and sends what is in it, beside requests, in a thread of the process that was asked to.

All of a file is read before anything is sent. What is sent in several batches has one name at the Fit API, by which it
is taken back if the person wants that, or cancels: so nothing stays half-done. A batch whose answer is lost is sent
again with its own key, so it is known what became of it before anything is taken back.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

from examples.strength_app.connections import Connection, ConnectionStore
from examples.strength_app.import_files import ImportFile, ImportFiles, State
from examples.strength_app.import_reading import Batch, UploadedFile, located, refused
from examples.strength_app.moogle_fit import ConnectionEndedError, MoogleFit, RefusedError, UnavailableError
from fit_service.rules.import_totals import ImportTotals
from fit_service.rules.refusals import RefusedError as UnreadableFileError

_TOLD_EVERY = 0.25
"""Seconds between two notes of how far it is."""
_TIMEOUT = 60
"""Seconds for one batch."""
_REPEATED_AFTER = (1.0, 2.0, 5.0, 15.0)
"""Seconds to wait before a call is repeated that could not be answered."""

_log = logging.getLogger(__name__)


class _StoppedError(Exception):
    """The person wants it to end."""


class ImportWork:
    """What is done with files."""

    def __init__(self, files: ImportFiles, store: ConnectionStore, moogle_fit: MoogleFit) -> None:
        self._files, self._store, self._fit = files, store, moogle_fit

    def read(self, each: ImportFile, *, wait: float = 0) -> None:
        """Read a file and ask the Fit API what an import would do. `wait` so many seconds, for a short one."""
        self._start(self._read, each, wait)

    def send(self, each: ImportFile, *, wait: float = 0) -> None:
        """Import it."""
        self._start(self._send, each, wait)

    def take_back(self, each: ImportFile, *, wait: float = 0) -> None:
        """Take an import back, all of it or what was sent."""
        self._start(self._take_back, each, wait)

    def _start(self, work: Callable[[ImportFile, Connection], None], each: ImportFile, wait: float) -> None:
        thread = threading.Thread(target=self._safely, args=(work, each), daemon=True)
        thread.start()
        thread.join(wait)

    def _safely(self, work: Callable[[ImportFile, Connection], None], each: ImportFile) -> None:
        try:
            connection = self._store.reload(each.connection)
            if connection is None:
                raise ConnectionEndedError
            work(each, connection)
        except RefusedError as refusal:
            self._files.end(each.id, State.REFUSED, {"problem": str(refusal), "faults": [], "columns": []})
        except (UnavailableError, ConnectionEndedError):
            self._files.end(each.id, State.PAUSED)
        except Exception:
            _log.exception("an import failed")
            self._files.end(each.id, State.PAUSED)

    def _read(self, each: ImportFile, connection: Connection) -> None:
        try:
            with closing(self._opened(each)) as file:
                totals, seen = ImportTotals(), 0
                for batch in file.batches():
                    answer = self._ask(connection, each, batch, {"dry_run": "true"}).json()
                    totals.add(located(answer, batch.places))
                    seen += len(batch.places)
                    self._check(each, seen, file.count)
                self._files.end(each.id, State.READY, file.report(totals))
        except UnreadableFileError as refusal:
            self._files.end(each.id, State.REFUSED, refused(refusal, each.file))
        except _StoppedError:
            self._files.forget(each)

    def _send(self, each: ImportFile, connection: Connection) -> None:
        try:
            with closing(self._opened(each)) as file:
                totals, sent = ImportTotals(), 0
                for number, batch in enumerate(self._complete(file)):
                    self._check(each, sent, file.count)
                    key = f"{each.id}-{number}"
                    answer = self._ask(connection, each, batch, {"import_id": each.id}, key).json()
                    totals.add(located(answer, batch.places))
                    sent += len(batch.places)
                self._files.end(each.id, State.DONE, file.report(totals))
            self._files.discard(each.file)
        except UnreadableFileError as refusal:
            self._files.end(each.id, State.REFUSED, refused(refusal, each.file))
        except _StoppedError:
            self._take_back(each, connection)

    def _take_back(self, each: ImportFile, connection: Connection) -> None:
        self._files.end(each.id, State.TAKING_BACK)
        deleted, complete = 0, False
        while not complete:
            answer = self._repeated(
                lambda: self._fit.call(connection, "DELETE", "import", params={"import_id": each.id})
            )
            deleted, complete = deleted + answer.json()["deleted"], answer.json()["complete"]
            self._files.reach(each.id, deleted, max(deleted, each.whole))
        self._files.end(each.id, State.TAKEN_BACK, {"deleted": deleted})
        self._files.discard(each.file)

    def _opened(self, each: ImportFile) -> UploadedFile:
        size, told_at = each.file.stat().st_size, 0.0

        def tell(place: int) -> None:
            nonlocal told_at
            if time.monotonic() - told_at >= _TOLD_EVERY:
                told_at = time.monotonic()
                self._check(each, place, size)

        return UploadedFile(each.file, each.choices, tell)

    def _complete(self, file: UploadedFile) -> Iterator[Batch]:
        """The batches of a file in which nothing has to be chosen any more."""
        return file.batches() if file.is_complete else iter(())

    def _check(self, each: ImportFile, reached: int, whole: int) -> None:
        if not self._files.reach(each.id, reached, whole):
            raise _StoppedError

    def _ask(
        self, connection: Connection, each: ImportFile, batch: Batch, query: dict[str, str], key: str | None = None
    ) -> Any:
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        if key is not None:
            headers["Idempotency-Key"] = key
        params = {"twins": each.choices.get("twins", "keep"), **query}
        options = {"params": params, "data": batch.body, "headers": headers, "timeout": _TIMEOUT}
        return self._repeated(lambda: self._fit.call(connection, "POST", "import", **options))

    def _repeated(self, call: Callable[[], Any]) -> Any:
        """What a call answers, that is repeated while Moogle can't be reached. Its key lets it happen once."""
        for seconds in _REPEATED_AFTER:
            try:
                return call()
            except UnavailableError:
                time.sleep(seconds)
        return call()
