"""The pages by which a person imports a file: choose it, see what would happen, say yes, wait, perhaps take it back.

None needs JavaScript; with it, a file can be dropped, and the upload has a progress bar.
"""

import json
from collections.abc import Callable
from typing import IO

from flask import Blueprint, Flask, Request, abort, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from examples.strength_app.browser import WRITE, connected, connection_of
from examples.strength_app.connections import Connection, ConnectionStore
from examples.strength_app.entry_form import UNITS
from examples.strength_app.import_actions import WAIT, ImportActions, shown
from examples.strength_app.import_files import ImportFile, ImportFiles, State
from examples.strength_app.import_work import ImportWork
from examples.strength_app.local_time import person_zone, zone_names

UPLOAD = "imports.upload"
_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)


def receive_uploads(app: Flask, store: ConnectionStore, files: ImportFiles, limit: int) -> None:
    """Let those who are connected upload a file of so many bytes, which goes where it stays, and others none.

    Installed before anything that might read a body.
    """

    class UploadingRequest(Request):
        def _get_file_stream(
            self,
            total_content_length: int | None,
            content_type: str | None,
            filename: str | None = None,
            content_length: int | None = None,
        ) -> IO[bytes]:
            if self.endpoint == UPLOAD:
                return files.receive()
            return super()._get_file_stream(total_content_length, content_type, filename, content_length)

    app.request_class = UploadingRequest

    @app.before_request
    def let_upload() -> None:
        if request.endpoint == UPLOAD:
            connection = connection_of(store)
            if connection is not None and connection.may(WRITE):
                request.max_content_length = limit


def import_pages(store: ConnectionStore, files: ImportFiles, work: ImportWork, limit: int) -> Blueprint:
    """A blueprint with all of them."""
    blueprint = Blueprint("imports", __name__, url_prefix="/import")

    def of_import(
        view: Callable[[ImportFile], ResponseReturnValue],
    ) -> Callable[[Connection, str], ResponseReturnValue]:
        def found(connection: Connection, import_id: str) -> ResponseReturnValue:
            each = files.find(import_id, connection.id)
            if each is None:
                abort(404, description="This import is over, or was given up for an hour. Choose the file again.")
            return view(each)

        return found

    def page(name: str, view: Callable[[ImportFile], ResponseReturnValue], method: str = "POST") -> None:
        path = f"/<import_id>/{name}" if method == "POST" else "/<import_id>"
        blueprint.add_url_rule(path, name, connected(store, WRITE)(of_import(view)), methods=[method])

    @blueprint.get("")
    @connected(store, WRITE)
    def choose(_connection: Connection) -> ResponseReturnValue:
        answer = make_response(render_template("import_choose.html", limit=limit))
        answer.headers["Content-Security-Policy"] = _POLICY
        return answer

    @blueprint.post("")
    @connected(store, WRITE)
    def upload(connection: Connection) -> ResponseReturnValue:
        sent = request.files.get("file")
        file = _kept(sent, files)
        if sent is None or file is None:
            flash("Choose a file first. An empty one has no weights in it.")
            return redirect(url_for("imports.choose"), 303)
        pending = files.busy(connection.id)
        if pending is not None:
            files.discard(file)
            flash("One file after the other: this one comes first.")
            return shown(pending)
        each = files.add(connection.id, sent.filename or "file", file)
        work.read(each, wait=WAIT)
        return shown(each)

    def show(each: ImportFile) -> ResponseReturnValue:
        state = State.PAUSED if each.is_abandoned else each.state
        template = {State.READY: "import_preview.html", State.REFUSED: "import_preview.html"}.get(state)
        if state in {State.DONE, State.TAKEN_BACK}:
            template = "import_done.html"
        zone = person_zone()
        return render_template(
            template or "import_progress.html",
            each=each,
            state=state,
            report=each.report,
            mapped=json.loads(each.choices.get("map", "{}")),
            units=UNITS,
            zone=zone,
            zones=zone_names(),
        )

    page("show", show, "GET")
    actions = ImportActions(files, work)
    for view in (actions.choices, actions.yes, actions.cancel, actions.undo):
        page(view.__name__, view)
    return blueprint


def _kept(sent: FileStorage | None, files: ImportFiles) -> str | None:
    """Where an uploaded file lies; None if there is none, or nothing in it."""
    file = getattr(sent.stream, "name", None) if sent is not None else None
    if sent is None or not isinstance(file, str):
        return None
    sent.stream.flush()
    if sent.stream.seek(0, 2) == 0:
        files.discard(file)
        return None
    return file
