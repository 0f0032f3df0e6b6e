"""`/api/body_weight/export` and `/import` move all entries at once, as files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from fit_service.api.import_report import preview, result
from fit_service.rules.body_weight_entry import BodyWeightEntry
from fit_service.rules.entry_file import EntryFormat, Person
from fit_service.rules.entry_import import EntryFile, read_entries, too_late
from fit_service.rules.entry_matching import Candidate
from fit_service.rules.export_formats import ACCEPTED, FORMATS
from fit_service.rules.formats.table import UNPACKED, recognise
from fit_service.rules.import_marks import marked
from fit_service.rules.insertion import NotThereError
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.entry_changes import EntryChanges
from fit_service.storage.entry_pages import Page
from fit_service.web.access import READ, WRITE, Access
from fit_service.web.bodies import file_body
from fit_service.web.idempotency import REPEATABLE, change_once, digest
from fit_service.web.import_parameters import CHOICES, COLUMNS, DRY_RUN, NAMED, NEEDED_NAME, choices
from fit_service.web.openapi.description import Header, Trait, describe
from fit_service.web.openapi.exported_files import EXPORTED_FILE
from fit_service.web.openapi.file_schemas import IMPORTED_FILE
from fit_service.web.openapi.schema_parts import one
from fit_service.web.parameters import END, MERGE, START, TWINS, UNIT, ZONE, Parameter, Query, one_of, period, takes
from shared.resource_server import ActiveToken

_USUAL = FORMATS[0]
FORMAT: Parameter[str | None] = Parameter(
    "format",
    one_of(*(each.name for each in FORMATS)),
    None,
    f"Of the file; unset: as `Accept` prefers, and {_USUAL.name} for who accepts none of them.",
)
_ATTACHED = Trait(answer_headers=[Header("Content-Disposition", "With a name for the file.", always=True)])
AT_ONCE = 500
"""So many exported entries are in memory at the same time, and so many of an import are taken back at once."""


@dataclass(frozen=True, slots=True)
class Exported:
    """It says what is exported: the entries in `store`, of people whom `issuer` knows."""

    store: BodyWeightStore
    issuer: str


def transfer_api(access: Access, store: BodyWeightStore, issuer: str, import_limit: int) -> Blueprint:
    """Make the blueprint.

    Args:
        access: it opens the views.
        store: the entries.
        issuer: the authorization server as clients see it; files name it beside the account.
        import_limit: so many bytes a file has at most, `UNPACKED` times that when it is unpacked.
    """
    blueprint = Blueprint("transfer", __name__, url_prefix="/api/body_weight")
    blueprint.get("/export")(access(READ, Exported(store, issuer))(export_entries))
    what_helps = (
        f"split the file by time, or compress it, which may be of {UNPACKED * import_limit} bytes, or give it to who "
        "sends it in parts, the strength app or `flask --app fit_service import`"
    )
    blueprint.post("/import")(access(WRITE, store, max_body=import_limit, if_longer=what_helps)(import_entries))
    blueprint.delete("/import")(access(WRITE, store)(take_back_import))
    return blueprint


@takes(FORMAT, UNIT, START, END, ZONE)
@describe(_ATTACHED, answers=EXPORTED_FILE)
def export_entries(exported: Exported, token: ActiveToken, query: Query) -> ResponseReturnValue:
    """Export all entries as a file, the oldest first."""
    entry_format = _format(query[FORMAT])
    start, end = period(query)
    pages = _pages(exported.store, token.subject, Page(limit=AT_ONCE, start=start, end=end))
    entries = chain(next(pages), chain.from_iterable(pages))  # the first page while an outage can still be a 503
    file = entry_format.write(entries, query[UNIT], Person(exported.issuer, token.subject))
    answer = current_app.response_class(file, mimetype=entry_format.media_type)
    answer.headers.set("Content-Disposition", "attachment", filename=f"body_weight.{entry_format.ending}")
    answer.vary.add("Accept")
    return answer


@takes(TWINS, DRY_RUN, NAMED, *CHOICES)
@describe(REPEATABLE, sends=IMPORTED_FILE, answers=one("ImportResult"))
def import_entries(store: BodyWeightStore, token: ActiveToken, query: Query) -> ResponseReturnValue:
    """Import a file of weighings, all or none.

    The file is recognised by its content. What it doesn't say, a unit or a zone, has to be chosen: else the rows that
    need it are named. With `dry_run=true`, nothing is stored, and the answer tells what an import would do, with its
    first entries and what has to be chosen. What is already there, by its `id` or of the same instant and weight, is
    not inserted again. What looks odd is told in `warnings`, the first hundred. With `twins=merge`, an entry that is
    likely the same weighing as another one is not inserted. If an entry is not good, none is imported, and each bad one
    is named by its `line`, in JSON entries by its `index`, or by its `place`. The file may be compressed
    (`Content-Encoding: gzip`); the limit holds for what is in it. With an `import_id`, it can be taken back.
    """
    sent = file_body()
    recognised = recognise(sent.open, sent.codec, sent.media_type, sent.max_unpacked, query[COLUMNS])
    file = read_entries(recognised, sent.codec, choices(query), datetime.now(UTC))
    candidates = [Candidate(marked(each.entry, query[NAMED]), each.id, each.is_too_late) for each in file.entries]
    merge_twins = query[TWINS] == MERGE
    if query[DRY_RUN]:
        plan = store.foresee(token.subject, candidates, merge_twins=merge_twins)
        _refuse_missing(file, plan.missing)
        return jsonify(preview(file, plan))
    file.refuse_questions()
    with store.staged(token.subject, candidates, merge_twins=merge_twins, client_id=token.client_id) as staged:

        def insert(changes: EntryChanges) -> Response:
            try:
                return jsonify(result(file, changes.insert_staged(staged)))
            except NotThereError as error:
                raise too_late(file.entries[place] for place in error.places) from None

        return change_once(store, token, digest(sent.data), insert)


@takes(NEEDED_NAME)
@describe(REPEATABLE, answers=one("TakenBackImport"))
def take_back_import(store: BodyWeightStore, token: ActiveToken, query: Query) -> ResponseReturnValue:
    """Take an import back: delete what it inserted, up to 500 entries, of those that nobody has changed since.

    It is repeated, with another `Idempotency-Key` if any, until `complete` is true.
    """

    def take_back(changes: EntryChanges) -> Response:
        deleted = changes.take_back(query[NEEDED_NAME], AT_ONCE)
        return jsonify({"deleted": deleted, "complete": deleted < AT_ONCE})

    return change_once(store, token, digest(b""), take_back)


def _format(name: str | None) -> EntryFormat:
    """Return the format of this name, or which one the app prefers (RFC 9110 §12.5.1).

    Who accepts none of them gets the usual one, as whoever says nothing: the name is the surer way to ask.
    """
    if name is not None:
        return next(each for each in FORMATS if each.name == name)
    accepted = request.accept_mimetypes.best_match(ACCEPTED)
    return ACCEPTED[accepted] if accepted else _USUAL


def _refuse_missing(file: EntryFile, missing: Sequence[int]) -> None:
    if missing:
        raise too_late(file.entries[place] for place in missing)


def _pages(store: BodyWeightStore, subject: str, page: Page) -> Iterator[list[BodyWeightEntry]]:
    """Read pages one by one, each in its own transaction: a slow reader holds nothing in the database."""
    while True:
        with store.reading(subject) as entries:
            shown, position = entries.page(page)
        yield shown
        if position is None:
            return
        page = replace(page, after=position)
