"""Reads a file as the Fit API would, with the modules that it reads files with, but of any length.

Here is the only place where the app uses code of the Fit API: rules that know no HTTP and no database.
"""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fit_service.rules.body_weight_entry import offset_text
from fit_service.rules.entry_import import FileEntry
from fit_service.rules.formats.head import LONGEST_HEAD, Head
from fit_service.rules.formats.mapped_csv import parse_columns
from fit_service.rules.formats.table import ANY, MAP, recognise
from fit_service.rules.import_choices import REFUSE, Choices
from fit_service.rules.import_totals import ImportTotals
from fit_service.rules.local_days import parse_zone
from fit_service.rules.long_import import LongFile
from fit_service.rules.refusals import InvalidValueError, Place, RefusedError
from fit_service.rules.watched_file import WatchedFile
from fit_service.rules.weight import parse_unit

PART = 2_000
"""So many entries are sent at once: far below what the Fit API takes, and often enough for a progress bar."""
MAX_UNPACKED = 8 * 1024**3
"""So many bytes of each file in a zip are read at most, which takes minutes, and no room."""
MAX_SHOWN = 10
_CODEC = "utf-8-sig"
_MAX_COLUMNS = 64


@dataclass(frozen=True, slots=True)
class Batch:
    """Some entries of a file, as the Fit API is sent them."""

    body: bytes
    """Compressed JSON."""
    places: list[Place]
    """Where each entry stands in the file."""


class UploadedFile:
    """All that is known of a file that was read. Close it."""

    def __init__(self, path: Path, choices: Mapping[str, str], tell_place: Callable[[int], None]) -> None:
        """Read all of it. Raises RefusedError if it can't be read, or has rows at fault, with these choices."""
        self._choices, self._now = _read_choices(choices), datetime.now(UTC)
        columns = parse_columns(choices[MAP], MAP) if MAP in choices else None
        with WatchedFile(path, tell_place) as watched:
            recognised = recognise(watched.open, _CODEC, ANY, MAX_UNPACKED, columns)
            self._title, self._because = recognised.format.title, recognised.because
            self._file = LongFile(recognised.rows(_CODEC))
        self._questions = self._file.check(self._choices, self._now)

    def close(self) -> None:
        """Forget it."""
        self._file.close()

    @property
    def count(self) -> int:
        """It has so many weighings."""
        return self._file.count

    @property
    def is_complete(self) -> bool:
        """Whether nothing has to be chosen any more."""
        return not self._questions

    def batches(self) -> Iterator[Batch]:
        """Its entries, as far as they need no choice that is missing."""
        for part in self._file.parts(self._choices, self._now, PART):
            text = json.dumps([_members(each) for each in part], separators=(",", ":"))
            yield Batch(gzip.compress(text.encode(), mtime=0), [each.place for each in part])

    def report(self, totals: ImportTotals) -> dict[str, Any]:
        """What the person is shown of the file and of what the Fit API says about it."""
        return {
            "title": self._title,
            "because": self._because,
            "weighings": self.count,
            **totals.counts,
            "entries": totals.entries,
            "skipped": [
                {"reason": reason.value, "count": rows.count, "places": [words(each) for each in rows.places]}
                for reason, rows in self._file.skipped.items()
            ],
            "questions": [
                {
                    "parameter": each.parameter,
                    "detail": each.sentence,
                    "count": each.count,
                    "places": [words(place) for place in each.places[:MAX_SHOWN]],
                    "meanings": dict(each.meanings),
                }
                for each in self._questions
            ],
        }


def refused(refusal: RefusedError, path: Path) -> dict[str, Any]:
    """What the person is shown of a file that can't be imported so, and the columns it has if it looks like CSV."""
    faults = [
        {"place": words(fault.place) if fault.place else "", "detail": fault.sentence} for fault in refusal.faults
    ]
    with path.open("rb") as file:
        head = Head(file.read(LONGEST_HEAD), _CODEC)
    cells = [cell for cell in head.cells(0, head.delimiter) if cell.isprintable()]
    is_table = 2 <= len(cells) <= _MAX_COLUMNS and head.opening not in set("{[<")
    return {"problem": refusal.sentence, "faults": faults, "columns": cells if is_table else []}


def located(answer: dict[str, Any], places: list[Place]) -> dict[str, Any]:
    """An answer about a batch, in which entries are named by where they stand in the person's file."""
    for warning in answer["warnings"]:
        warning["place"] = words(places[warning.pop("index")])
    for entry in answer.get("dry_run", {}).get("entries", []):
        entry["place"] = words(places[int(entry["place"].removeprefix("index "))])
    return answer


def words(place: Place) -> str:
    """Where something stands in a file, as a person would look for it."""
    return f"{place[0]} {place[1]}"


def _read_choices(choices: Mapping[str, str]) -> Choices:
    return Choices(
        unit=parse_unit(choices["unit"], "unit") if "unit" in choices else None,
        zone=_zone(choices["tz"]) if "tz" in choices else None,
        time_of_day=_time(choices["time"]) if "time" in choices else None,
        dates=choices.get("dates"),
        clock_changes=choices.get("clock_changes", REFUSE),
        members=frozenset([choices["member"]]) if "member" in choices else None,
    )


def _zone(name: str) -> ZoneInfo:
    return parse_zone(name, "tz")


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise InvalidValueError("time", "Write the time of day as in 07:30.") from None


def _members(each: FileEntry) -> dict[str, str]:
    entry = each.entry
    members = {
        "id": each.id,
        "body_weight": entry.weight.text(),
        "unit": entry.weight.unit,
        "created_at": entry.created_at.isoformat(),
        "utc_offset": offset_text(entry.utc_offset),
        "origin": entry.origin and entry.origin.value,
    }
    return {name: value for name, value in members.items() if value is not None}
