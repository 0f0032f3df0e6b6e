"""`flask --app fit_service import FILE` reads a file of any length, and `import-undo` takes an import back.

All of it is read and found good before anything is stored. Then it is stored in parts, each at once, under one name: if
something goes wrong in between, or somebody presses Ctrl-C, what was stored is taken back by that name.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from fit_service.api.import_report import left_out, preview, question, recognised_as, result
from fit_service.cli.command import CommandError, answering, parts
from fit_service.cli.seed import check_account
from fit_service.rules.entry_import import EntryFile, FileEntry
from fit_service.rules.entry_matching import Candidate
from fit_service.rules.formats.table import ANY, Recognised, recognise
from fit_service.rules.import_choices import Choices
from fit_service.rules.import_marks import marked, new_import_id, parse_import_id
from fit_service.rules.import_totals import ImportTotals
from fit_service.rules.long_import import LongFile
from fit_service.rules.refusals import RefusedError
from fit_service.rules.watched_file import WatchedFile
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.web.bodies import CHARSETS
from fit_service.web.import_parameters import CHOICES, COLUMNS, choices
from fit_service.web.parameters import MERGE, TWINS, Query

PART = 2_000
"""So many entries are stored at once: nobody who writes meanwhile waits for longer than that takes."""
_SHOWN_FAULTS = 20
_MEDIA_TYPES = {".csv": "text/csv", ".json": "application/json"}
_CHOSEN = {each.name: each for each in (*CHOICES, TWINS)}


@dataclass(frozen=True, slots=True)
class _Import:
    """One file is imported for one person."""

    store: BodyWeightStore
    subject: str
    file: LongFile
    recognised: Recognised
    chosen: Choices
    merge_twins: bool
    began: datetime

    def portions(self) -> Iterator[tuple[EntryFile, list[FileEntry]]]:
        """Yield the entries in parts, each as a file of its own."""
        for part in self.file.parts(self.chosen, self.began, PART):
            yield EntryFile(self.recognised, part, {}, []), part

    def foresee(self) -> ImportTotals:
        """Say what would become of each part; nothing is stored."""
        totals = ImportTotals()
        for portion, part in self.portions():
            plan = self.store.foresee(self.subject, _candidates(part, None), merge_twins=self.merge_twins)
            totals.add(preview(portion, plan))
        return totals

    def store_all(self, import_id: str) -> ImportTotals:
        """Store all parts under this name, or none."""
        totals = ImportTotals()
        with _bar("Storing", self.file.count) as reach:
            stored = 0
            for portion, part in self.portions():
                laid_down = self.store.staged(self.subject, _candidates(part, import_id), merge_twins=self.merge_twins)
                with laid_down as staged, self.store.changing(self.subject) as changes:
                    outcomes = changes.insert_staged(staged)
                totals.add(result(portion, outcomes))
                stored += len(part)
                reach(stored)
        return totals


def _chosen_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for each in reversed((*CHOICES, TWINS)):
        command = click.option(f"--{each.name.replace('_', '-')}", each.name, help=each.description)(command)
    return command


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--account", required=True, help="The account's `sub`, which `flask --app auth_service account show` says."
)
@click.option("--dry-run", is_flag=True, help="Only tell what would become of it.")
@click.option("--charset", type=click.Choice(list(CHARSETS)), default="utf-8", help="How text in it is written.")
@_chosen_options
@with_appcontext
@answering
def import_command(file: Path, account: str, *, dry_run: bool, charset: str, **given: str | None) -> object:
    """Import a FILE of weighings of any length for an account. Nothing is stored of a bad one.

    For example: import weights.csv --account acct_0123456789abcdef --dry-run
    """
    check_account(account)
    try:
        return _import_file(file, account, CHARSETS[charset], _query(given), dry_run=dry_run)
    except RefusedError as refusal:
        raise CommandError(_in_words(refusal)) from None
    except KeyboardInterrupt:
        raise CommandError("Stopped: nothing was imported") from None


@click.command("import-undo")
@click.argument("import_id")
@click.option("--account", required=True, help="The account's `sub`.")
@with_appcontext
@answering
def import_undo_command(import_id: str, account: str) -> object:
    """Take an import back: delete what it inserted and nobody has changed since.

    For example: import-undo IMPORT_ID --account acct_0123456789abcdef
    """
    check_account(account)
    try:
        return {"deleted": _take_back(parts().body_weights, account, parse_import_id(import_id, "IMPORT_ID"))}
    except RefusedError as refusal:
        raise CommandError(refusal.sentence) from None


def _import_file(path: Path, account: str, codec: str, query: Query, *, dry_run: bool) -> object:
    chosen, began = choices(query), datetime.now(UTC)
    media_type = _MEDIA_TYPES.get(path.suffix.lower(), ANY)
    with _bar("Reading", path.stat().st_size) as reach, WatchedFile(path, reach) as watched:
        recognised = recognise(watched.open, codec, media_type, sys.maxsize, query[COLUMNS])
        file = LongFile(recognised.rows(codec))
    with file:
        questions = file.check(chosen, began)
        store, merge_twins = parts().body_weights, query[TWINS] == MERGE
        work = _Import(store, account, file, recognised, chosen, merge_twins, began)
        if dry_run:
            totals = work.foresee()
            more: dict[str, object] = {
                "dry_run": {"entries": totals.entries, "questions": [question(each) for each in questions]}
            }
        else:
            EntryFile(recognised, [], {}, questions).refuse_questions()
            import_id = new_import_id()
            with _whole_or_taken_back(store, account, import_id):
                totals = work.store_all(import_id)
            more = {"import_id": import_id}
        return {**recognised_as(recognised), **totals.counts, **left_out(file.skipped), **more}


@contextmanager
def _whole_or_taken_back(store: BodyWeightStore, account: str, import_id: str) -> Iterator[None]:
    """Take back what was stored under this name if the block doesn't come to its end, or say how that is done."""
    command = f"flask --app fit_service import-undo {import_id} --account {account}"
    click.echo(f"To take this import back, now or later: {command}", err=True)
    try:
        yield
    except BaseException as error:
        try:
            deleted = _take_back(store, account, import_id)
        except BaseException:
            raise CommandError(f"A part of the file is stored: take it back with {command}") from error
        click.echo(f"{deleted} entries that were stored already were taken back.", err=True)
        raise


def _take_back(store: BodyWeightStore, account: str, import_id: str) -> int:
    deleted = 0
    while True:
        with store.changing(account) as changes:
            now = changes.take_back(import_id, PART)
        deleted += now
        if now < PART:
            return deleted


def _candidates(part: list[FileEntry], import_id: str | None) -> list[Candidate]:
    return [Candidate(marked(each.entry, import_id), each.id, each.is_too_late) for each in part]


def _query(given: dict[str, str | None]) -> Query:
    """Read what was chosen, as the parameters of a request are read. Raises InvalidValueError."""
    return Query(
        {
            name: each.default if given[name] is None else each.reader.parse(str(given[name]), f"--{name}")
            for name, each in _CHOSEN.items()
        }
    )


@contextmanager
def _bar(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how far it got."""
    if not sys.stderr.isatty():
        yield lambda _reached: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:

        def reach(place: int) -> None:
            if place > bar.pos:
                bar.update(place - bar.pos)

        yield reach


def _in_words(refusal: RefusedError) -> str:
    lines = [refusal.sentence]
    for fault in refusal.faults[:_SHOWN_FAULTS]:
        where = f"{fault.place[0]} {fault.place[1]}: " if fault.place else ""
        lines.append(f"  {where}{fault.field}: {fault.sentence}")
    if len(refusal.faults) > _SHOWN_FAULTS:
        lines.append(f"  … and {len(refusal.faults) - _SHOWN_FAULTS} more")
    return "\n".join(lines)
