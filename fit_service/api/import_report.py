"""Tells what became of a file that was imported, or what would become of it."""

from collections.abc import Iterable, Sequence

from fit_service.rules.body_weight_entry import NewEntry, offset_text
from fit_service.rules.entry_import import EntryFile, FileEntry
from fit_service.rules.entry_oddities import EntryWarning
from fit_service.rules.formats.table import Recognised
from fit_service.rules.import_choices import Question
from fit_service.rules.insertion import InsertionPlan, Outcome
from fit_service.web.errors import place_in_words, shown_place

MAX_WARNINGS = 100
"""At most so many warnings are told."""
MAX_SHOWN = 10
"""A preview shows so many entries, and names so many rows for which something has to be chosen."""


def result(file: EntryFile, outcomes: Sequence[Outcome]) -> dict[str, object]:
    """Tell what became of the entries of a file."""
    return {
        **_as_what(file.recognised),
        "inserted": sum(outcome.inserted is not None for outcome in outcomes),
        "already_there": sum(outcome.there for outcome in outcomes),
        "merged": sum(outcome.merged_into is not None for outcome in outcomes),
        **_left_out(file),
        **_warnings(file.entries, (outcome.warnings for outcome in outcomes)),
    }


def preview(file: EntryFile, plan: InsertionPlan) -> dict[str, object]:
    """Tell what an import would do, with its first entries as they would be stored, and what has to be chosen."""
    inserted, there = sum(plan.is_new), sum(found.there for found in plan.matches)
    new = (each for each, is_new in zip(file.entries, plan.is_new, strict=True) if is_new)
    return {
        **_as_what(file.recognised),
        "inserted": inserted,
        "already_there": there,
        "merged": len(plan.matches) - inserted - there,
        **_left_out(file),
        **_warnings(file.entries, (found.warnings for found in plan.matches)),
        "dry_run": {
            "entries": [_entry(each) for each, _ in zip(new, range(MAX_SHOWN), strict=False)],
            "questions": [_question(each) for each in file.questions],
        },
    }


def _as_what(recognised: Recognised) -> dict[str, object]:
    return {"recognised": {"format": recognised.format.name, "because": recognised.because}}


def _left_out(file: EntryFile) -> dict[str, object]:
    return {
        "marked_deleted": file.marked_deleted,
        "skipped": [
            {"reason": reason.value, "count": rows.count, "places": [place_in_words(each) for each in rows.places]}
            for reason, rows in file.skipped.items()
        ],
    }


def _warnings(entries: Sequence[FileEntry], found: Iterable[Sequence[EntryWarning]]) -> dict[str, object]:
    warnings = [
        {**shown_place(each.place), **warning.to_json()}
        for each, some in zip(entries, found, strict=True)
        for warning in some
    ]
    return {"warnings": warnings[:MAX_WARNINGS], "warning_count": len(warnings)}


def _entry(each: FileEntry) -> dict[str, object]:
    entry: NewEntry = each.entry
    shown = {
        "place": place_in_words(each.place),
        "body_weight": entry.weight.text(),
        "unit": entry.weight.unit,
        "created_at": entry.created_at.isoformat(),
        "utc_offset": offset_text(entry.utc_offset),
        "origin": entry.origin and entry.origin.value,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _question(question: Question) -> dict[str, object]:
    return {
        "parameter": question.parameter,
        "detail": question.sentence,
        "count": len(question.places),
        "places": [place_in_words(each) for each in question.places[:MAX_SHOWN]],
        "meanings": dict(question.meanings),
    }
