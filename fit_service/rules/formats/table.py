"""All formats, in the order in which they are tried."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePosixPath
from typing import BinaryIO

from fit_service.rules.formats import own
from fit_service.rules.formats.apple_health import APPLE_HEALTH
from fit_service.rules.formats.contract import Format, Row
from fit_service.rules.formats.fhir import FHIR
from fit_service.rules.formats.fit_file import FIT
from fit_service.rules.formats.fitbit import FITBIT
from fit_service.rules.formats.garmin_csv import GARMIN_CSV
from fit_service.rules.formats.google_files import GOOGLE_FIT, GOOGLE_HEALTH, TAKEOUT
from fit_service.rules.formats.head import LONGEST_HEAD, Head
from fit_service.rules.formats.health_connect import HEALTH_CONNECT
from fit_service.rules.formats.libra import LIBRA
from fit_service.rules.formats.mapped_csv import Columns, mapped
from fit_service.rules.formats.myfitnesspal import MYFITNESSPAL
from fit_service.rules.formats.open_mhealth import OPEN_MHEALTH
from fit_service.rules.formats.openscale import OPENSCALE
from fit_service.rules.formats.packed import Archive, is_zip
from fit_service.rules.formats.renpho import RENPHO
from fit_service.rules.formats.samsung import SAMSUNG
from fit_service.rules.formats.withings_csv import WITHINGS_CSV
from fit_service.rules.formats.withings_getmeas import WITHINGS_GETMEAS
from fit_service.rules.formats.zepp import ZEPP
from fit_service.rules.refusals import TooLongError, UnknownFormatError

FORMATS = (
    own.CSV,
    own.JSON,
    APPLE_HEALTH,
    WITHINGS_CSV,
    WITHINGS_GETMEAS,
    FITBIT,
    TAKEOUT,
    GOOGLE_FIT,
    GOOGLE_HEALTH,
    SAMSUNG,
    ZEPP,
    RENPHO,
    OPENSCALE,
    LIBRA,
    GARMIN_CSV,
    FIT,
    HEALTH_CONNECT,
    FHIR,
    OPEN_MHEALTH,
    MYFITNESSPAL,
)
OTHERWISE = {"text/csv": own.CSV, "application/json": own.JSON}
"""What begins like no format is read as this one, which says what is wrong with it."""
MEDIA_TYPES = tuple(dict.fromkeys(each for known in FORMATS for each in known.media_types))
ZIP = "application/zip"
ANY = "application/octet-stream"
"""A file that is sent as this may be of any format too."""
MAP = "map"
"""The parameter that names the columns of a CSV."""
MAX_FILES = 200
"""A zip has at most so many files with weights: Fitbit's has one for each month."""
UNPACKED = 7
"""What is compressed may be so many times as long as a file that is sent as it is: 10,000 Observations of FHIR are."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """It says as what a file is read."""

    format: Format
    because: str
    files: Sequence[tuple[str, Callable[[], BinaryIO]]]
    """These are read one after the other; each has a name, "" if it was sent itself."""

    def rows(self, codec: str) -> Iterator[Row]:
        """Read all rows. Their places name the file if there are several."""
        for name, open_file in self.files:
            for row in self.format.read(open_file(), codec):
                kind, number = row.place
                yield replace(row, place=(f"{name} {kind}", number)) if len(self.files) > 1 else row


def recognise(
    open_file: Callable[[], BinaryIO], codec: str, media_type: str, limit: int, columns: Columns | None = None
) -> Recognised:
    """Look at how a file begins, or those in it if it is a zip, of each of which at most `limit` bytes are unpacked.

    With `columns`, it is a CSV that has these. Raises UnknownFormatError, InvalidValueError if it lacks a column, and
    another RefusedError if it is a zip that can't be read.
    """
    head = Head(open_file().read(LONGEST_HEAD), codec)
    if columns is not None:
        return Recognised(*mapped(columns, head, MAP), [("", open_file)])
    if is_zip(head):
        return _in_archive(Archive(open_file(), limit), codec)
    found = _format_of(head)
    if found is None and media_type in OTHERWISE:
        found = OTHERWISE[media_type], f"it is {media_type} and begins like no other file that is known here"
    if found is None:
        raise UnknownFormatError(f"The file is none that is known here: {', '.join(each.title for each in FORMATS)}.")
    return Recognised(*found, [("", open_file)])


def _format_of(head: Head) -> tuple[Format, str] | None:
    for each in FORMATS:
        because = each.recognise(head)
        if because is not None:
            return each, because
    return None


def _in_archive(archive: Archive, codec: str) -> Recognised:
    known = [(member, found) for member, head in archive.heads(codec) if (found := _format_of(head))]
    names = ", ".join(member.filename[:100] for member, _ in known[:5])
    if not known:
        raise UnknownFormatError("The zip holds no file that is known here.")
    if len({form.name for _, (form, _) in known}) > 1:
        raise UnknownFormatError(f"The zip holds files of several formats, send one of them alone: {names}.")
    if len(known) > MAX_FILES:
        raise TooLongError(f"The zip has more than {MAX_FILES} files with weights: send it in parts.")
    [form, because] = known[0][1]
    files = [(PurePosixPath(member.filename).name[:100], partial(archive.open, member)) for member, _ in known]
    return Recognised(form, f"in the zip is {names}{'…' if len(known) > 5 else ''}: {because}", files)
