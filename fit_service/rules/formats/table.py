"""All formats, in the order in which they are tried."""

from dataclasses import dataclass
from typing import BinaryIO

from fit_service.rules.formats import own
from fit_service.rules.formats.apple_health import APPLE_HEALTH
from fit_service.rules.formats.contract import Format
from fit_service.rules.formats.head import LONGEST_HEAD, Head
from fit_service.rules.formats.withings_csv import WITHINGS_CSV
from fit_service.rules.refusals import UnknownFormatError

FORMATS = (own.CSV, own.JSON, APPLE_HEALTH, WITHINGS_CSV)
OTHERWISE = {"text/csv": own.CSV, "application/json": own.JSON}
"""What begins like no format is read as this one, which says what is wrong with it."""
MEDIA_TYPES = tuple(dict.fromkeys(each for known in FORMATS for each in known.media_types))
ANY = "application/octet-stream"
"""A file that is sent as this may be of any format too."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """It says as what a file is read."""

    format: Format
    because: str


def recognise(file: BinaryIO, codec: str, media_type: str) -> Recognised:
    """Look at how a file begins. Raises UnknownFormatError."""
    head = Head(file.read(LONGEST_HEAD), codec)
    for each in FORMATS:
        because = each.recognise(head)
        if because is not None:
            return Recognised(each, because)
    if media_type in OTHERWISE:
        return Recognised(OTHERWISE[media_type], f"it is {media_type} and begins like no other file that is known here")
    raise UnknownFormatError(f"The file is none that is known here: {', '.join(each.title for each in FORMATS)}.")
