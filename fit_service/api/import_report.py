"""Tells what became of a file that was imported, or what would become of it."""

from collections.abc import Iterable, Mapping, Sequence

from fit_service.rules.body_weight_entry import NewEntry, offset_text
from fit_service.rules.entry_import import EntryFile, FileEntry, SkippedRows
from fit_service.rules.entry_oddities import EntryWarning
from fit_service.rules.formats.contract import Reason
from fit_service.rules.formats.table import Recognised
from fit_service.rules.import_choices import Question
from fit_service.rules.import_totals import MAX_SHOWN, MAX_WARNINGS
from fit_service.rules.insertion import InsertionPlan, Outcome
from fit_service.web.errors import place_in_words, shown_place


def result(file: EntryFile, outcomes: Sequence[Outcome]) -> dict[str, object]:
    """Tell what became of the entries of a file."""
    return {
        **recognised_as(file.recognised),
        "inserted": sum(outcome.inserted is not None for outcome in outcomes),
        "already_there": sum(outcome.there for outcome in outcomes),
        "merged": sum(outcome.merged_into is not None for outcome in outcomes),
        **left_out(file.skipped),
        **_warnings(file.entries, (outcome.warnings for outcome in outcomes)),
    }


def preview(file: EntryFile, plan: InsertionPlan) -> dict[str, object]:
    """Tell what an import would do, with its first entries as they would be stored, and what has to be chosen."""
    inserted, there = sum(plan.is_new), sum(found.there for found in plan.matches)
    new = (each for each, is_new in zip(file.entries, plan.is_new, strict=True) if is_new)
    return {
        **recognised_as(file.recognised),
        "inserted": inserted,
        "already_there": there,
        "merged": len(plan.matches) - inserted - there,
        **left_out(file.skipped),
        **_warnings(file.entries, (found.warnings for found in plan.matches)),
        "dry_run": {
            "entries": [_entry(each) for each, _ in zip(new, range(MAX_SHOWN), strict=False)],
            "questions": [question(each) for each in file.questions],
        },
    }


def recognised_as(recognised: Recognised) -> dict[str, object]:
    """Tell as what a file was recognised, and why."""
    return {"recognised": {"format": recognised.format.name, "because": recognised.because}}


def left_out(skipped: Mapping[Reason, SkippedRows]) -> dict[str, object]:
    """Tell which rows became no entries, by reason."""
    return {
        "marked_deleted": skipped[Reason.DELETED].count if Reason.DELETED in skipped else 0,
        "skipped": [
            {"reason": reason.value, "count": rows.count, "places": [place_in_words(each) for each in rows.places]}
            for reason, rows in skipped.items()
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


def question(asked: Question) -> dict[str, object]:
    """Tell what has to be chosen, and for which rows."""
    return {
        "parameter": asked.parameter,
        "detail": asked.sentence,
        "count": asked.count,
        "places": [place_in_words(each) for each in asked.places[:MAX_SHOWN]],
        "meanings": dict(asked.meanings),
    }
