"""`/api/body_weight/export` and `/import`: all entries at once, as CSV or JSON, streamed in both directions."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from itertools import chain, islice
from tempfile import TemporaryFile
from typing import IO

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from fit_service.api.access import READ, WRITE, Access
from fit_service.api.description import Header, Trait, describe
from fit_service.api.idempotency import REPEATABLE, change_once
from fit_service.api.parameters import END, START, UNIT, Parameter, Query, one_of, takes
from fit_service.api.schemas import EXPORTED_FILE, IMPORTED_FILE, one
from fit_service.body_weight_entry import BodyWeightEntry
from fit_service.entry_file import FORMATS, JSON, check, entries_of
from fit_service.errors import ProblemError
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.entry_changes import EntryChanges
from fit_service.storage.entry_reader import Page
from shared.resource_server import ActiveToken

FORMAT: Parameter[str] = Parameter("format", one_of(*(each.name for each in FORMATS)), JSON.name, "Of the file.")
_ATTACHED = Trait(answer_headers=[Header("Content-Disposition", "With a name for the file.", always=True)])
_AT_ONCE = 500
"""Entries that are in memory at the same time."""
_CHUNK = 64 * 1024
"""Bytes, likewise."""


def transfer_api(access: Access, store: BodyWeightStore, import_limit: int) -> Blueprint:
    """A blueprint with both endpoints."""
    blueprint = Blueprint("transfer", __name__, url_prefix="/api/body_weight")

    @blueprint.get("/export")
    @access(READ)
    @takes(FORMAT, UNIT, START, END)
    @describe(_ATTACHED, answers=EXPORTED_FILE)
    def export_entries(token: ActiveToken, query: Query) -> ResponseReturnValue:
        """Export all entries as a file, the oldest first."""
        [entry_format] = [each for each in FORMATS if each.name == query[FORMAT]]
        pages = _pages(store, token.subject, Page(limit=_AT_ONCE, start=query[START], end=query[END]))
        entries = chain(next(pages), chain.from_iterable(pages))  # the first page while an outage can still be a 503
        answer = current_app.response_class(entry_format.write(entries, query[UNIT]), mimetype=entry_format.media_type)
        answer.headers.set("Content-Disposition", "attachment", filename=f"body_weight.{entry_format.name}")
        return answer

    @blueprint.post("/import")
    @access(WRITE, max_body=import_limit)
    @describe(REPEATABLE, sends=IMPORTED_FILE, answers=one("ImportResult"))
    def import_entries(token: ActiveToken) -> ResponseReturnValue:
        """Import a file of entries, all or none.

        What is already there, of the same instant and weight, is not inserted again. If an entry is not good, none is
        imported, and each bad one is named by its `line`, or in JSON by its `index`.
        """
        entry_format = next((each for each in FORMATS if each.media_type == request.mimetype), None)
        if entry_format is None:
            raise ProblemError(415, f"The file must be {' or '.join(each.media_type for each in FORMATS)}.")
        with TemporaryFile() as file:
            digest = _receive(file)
            count = check(file, entry_format)

            def insert(changes: EntryChanges) -> Response:
                file.seek(0)
                entries = entries_of(file, entry_format)
                batches = iter(lambda: list(islice(entries, _AT_ONCE)), [])
                inserted = sum(len(changes.insert_missing(batch)) for batch in batches)
                return jsonify({"inserted": inserted, "already_there": count - inserted})

            return change_once(store, token, digest, insert)

    return blueprint


def _pages(store: BodyWeightStore, subject: str, page: Page) -> Iterator[list[BodyWeightEntry]]:
    """One by one, each read in its own transaction: a slow reader holds nothing in the database."""
    while True:
        with store.reading(subject) as entries:
            shown, position = entries.page(page)
        yield shown
        if position is None:
            return
        page = replace(page, after=position)


def _receive(file: IO[bytes]) -> str:
    """The digest of the body, which is in the file then: a slow sender holds nothing in the database either."""
    digest = sha256()
    while chunk := request.stream.read(_CHUNK):
        digest.update(chunk)
        file.write(chunk)
    file.seek(0)
    return digest.hexdigest()
