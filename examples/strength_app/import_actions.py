"""What a person may do with a file that was uploaded, in which state: choose, say yes, cancel, take back."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from examples.strength_app.import_choices import chosen
from examples.strength_app.import_files import ImportFile, ImportFiles, State
from examples.strength_app.import_work import ImportWork

WAIT = 2.0
"""Seconds for which a page waits for a short file, before it tells how far it is."""


class ImportActions:
    """Each is what a button of a page does. A button that was pressed twice does it once."""

    def __init__(self, files: ImportFiles, work: ImportWork) -> None:
        self._files, self._work = files, work

    def choices(self, each: ImportFile) -> ResponseReturnValue:
        """Read the file again, with what was chosen."""
        may = each.state in {State.READY, State.REFUSED}
        if may and self._files.begin(each, State.READING, chosen(request.form)):
            self._work.read(self._begun(each), wait=WAIT)
        return shown(each)

    def yes(self, each: ImportFile) -> ResponseReturnValue:
        """Import it, or go on where that was interrupted."""
        is_good = each.state is State.READY and not each.report["questions"]
        is_interrupted = each.state is State.PAUSED or each.is_abandoned
        to_read = not each.report
        if (is_good or is_interrupted) and self._files.begin(each, State.READING if to_read else State.SENDING):
            work = self._work.read if to_read else self._work.send
            work(self._begun(each), wait=WAIT)
        return shown(each)

    def cancel(self, each: ImportFile) -> ResponseReturnValue:
        """End it: who works on it takes back what was sent; where nobody does, that is done here."""
        if each.state.is_busy and not each.is_abandoned:
            self._files.stop(each.id)
            return shown(each)
        if each.state in {State.SENDING, State.TAKING_BACK, State.PAUSED} and each.report:
            return self.undo(each)
        if each.state not in {State.DONE, State.TAKEN_BACK}:
            self._files.forget(each)
            flash("Nothing was imported.")
            return redirect(url_for("weights.home"), 303)
        return shown(each)

    def undo(self, each: ImportFile) -> ResponseReturnValue:
        """Take an import back that is over, or was interrupted."""
        may = each.state in {State.DONE, State.PAUSED} or each.is_abandoned
        if may and self._files.begin(each, State.TAKING_BACK):
            self._work.take_back(self._begun(each), wait=WAIT)
        return shown(each)

    def _begun(self, each: ImportFile) -> ImportFile:
        found = self._files.find(each.id, each.connection)
        assert found is not None
        return found


def shown(each: ImportFile) -> ResponseReturnValue:
    """Lead to the page of this import."""
    return redirect(url_for("imports.show", import_id=each.id), 303)
