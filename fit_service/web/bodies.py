"""A body's media type, coding and length are looked at before anybody reads it."""

import io
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from flask import request

from fit_service.rules import exact_json
from fit_service.rules.formats.table import ANY, MEDIA_TYPES, UNPACKED, ZIP
from fit_service.rules.refusals import InvalidValueError, UnreadableError
from fit_service.web.errors import ProblemError, UnsupportedCodingError

FILE_TYPES = (*MEDIA_TYPES, ZIP, ANY)
"""A file is sent as one of these; what it is, it says itself."""
UTF_8 = {"utf-8": "utf-8-sig"}
CHARSETS = {
    **UTF_8,
    "us-ascii": "utf-8-sig",
    "utf-16": "utf-16",
    "iso-8859-1": "iso-8859-1",
    "windows-1252": "cp1252",
}
"""The `charset` of text may be one of these, and this codec reads it."""
_GZIP = 16 + zlib.MAX_WBITS
"""It tells zlib to expect gzip's header and checksum."""


def json_members() -> Mapping[str, Any]:
    """Read the members of the JSON object that the body is; numbers are exact.

    Raises ProblemError unless it is declared as JSON and not compressed, UnreadableError unless it is a JSON object,
    and InvalidValueError if a member stands twice.
    """
    if request.mimetype not in {"application/json", "application/merge-patch+json"}:
        raise ProblemError(415, "The body must be application/json.")
    _coding(())
    try:
        value = exact_json.parse(request.get_data())
    except exact_json.RepeatedMemberError as error:
        raise InvalidValueError(error.name, str(error)) from None
    except exact_json.UnreadableJsonError as error:
        raise UnreadableError(f"The body can't be read as JSON. {error}") from None
    if not isinstance(value, dict):
        raise UnreadableError("The body must be a JSON object.")
    return value


@dataclass(frozen=True, slots=True)
class SentFile:
    """It is a file as it was sent, unpacked."""

    data: bytes
    codec: str
    """It decodes what is text in it."""
    media_type: str
    max_unpacked: int
    """So many bytes may be unpacked of a file that is in it, if it is a zip."""

    def open(self) -> BinaryIO:
        """Read it from its beginning."""
        return io.BytesIO(self.data)


def file_body() -> SentFile:
    """Return a file, which may be compressed with gzip.

    Raises ProblemError, also when it has more bytes than this view takes once it is unpacked.
    """
    media_type = request.mimetype
    if media_type not in FILE_TYPES:
        raise ProblemError(415, f"The file must be {' or '.join(FILE_TYPES)}.")
    charsets = CHARSETS if media_type.startswith("text/") else UTF_8
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in charsets:
        raise ProblemError(415, f"The charset of {media_type} must be one of: {', '.join(charsets)}.")
    coding, limit = _coding(("gzip", "x-gzip")), request.max_content_length
    assert limit is not None
    file = request.get_data()
    content = _unpacked(file, UNPACKED * limit) if coding else file
    return SentFile(content, charsets[charset], media_type, UNPACKED * limit)


def _coding(accepted: Sequence[str]) -> str | None:
    """Return how the body is compressed (RFC 9110 §8.4); None if it isn't. Raises UnsupportedCodingError."""
    coding = request.headers.get("Content-Encoding", "").strip().lower()
    if coding in {"", "identity"}:
        return None
    if coding not in accepted:
        raise UnsupportedCodingError(accepted[:1])
    return coding


def _unpacked(packed: bytes, limit: int) -> bytes:
    """Unpack a file, and never more than one byte beyond the limit. Several members one after the other are refused."""
    stream = zlib.decompressobj(_GZIP)
    try:
        unpacked = stream.decompress(packed, limit + 1)
    except zlib.error:
        raise ProblemError(400, "The file is not gzip, though Content-Encoding says so.") from None
    if len(unpacked) > limit:
        raise ProblemError(413, f"The file must have at most {limit} bytes when it is unpacked: split it by time.")
    if not stream.eof or stream.unused_data:
        raise ProblemError(400, "The file must be one whole gzip member.")
    return unpacked
