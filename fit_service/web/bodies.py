"""A body's media type, coding and length are looked at before anybody reads it."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from flask import request

from fit_service.rules import exact_json
from fit_service.rules.entry_file import FORMATS, EntryFormat
from fit_service.rules.refusals import InvalidValueError, UnreadableError
from fit_service.web.errors import ProblemError, UnsupportedCodingError

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


def file_body() -> tuple[bytes, EntryFormat, str]:
    """Return a file, which may be compressed with gzip, its format and the codec that reads it.

    Raises ProblemError, also when it has more bytes than this view takes once it is unpacked.
    """
    entry_format = next((each for each in FORMATS if each.media_type == request.mimetype), None)
    if entry_format is None:
        raise ProblemError(415, f"The file must be {' or '.join(each.media_type for each in FORMATS)}.")
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in entry_format.charsets:
        known = ", ".join(entry_format.charsets)
        raise ProblemError(415, f"The charset of {entry_format.media_type} must be one of: {known}.")
    coding, file = _coding(("gzip", "x-gzip")), request.get_data()
    return _unpacked(file) if coding else file, entry_format, entry_format.charsets[charset]


def _coding(accepted: Sequence[str]) -> str | None:
    """Return how the body is compressed (RFC 9110 §8.4); None if it isn't. Raises UnsupportedCodingError."""
    coding = request.headers.get("Content-Encoding", "").strip().lower()
    if coding in {"", "identity"}:
        return None
    if coding not in accepted:
        raise UnsupportedCodingError(accepted[:1])
    return coding


def _unpacked(packed: bytes) -> bytes:
    """Unpack a file, and never more than one byte beyond the limit. Several members one after the other are refused."""
    stream, limit = zlib.decompressobj(_GZIP), request.max_content_length
    assert limit is not None
    try:
        unpacked = stream.decompress(packed, limit + 1)
    except zlib.error:
        raise ProblemError(400, "The file is not gzip, though Content-Encoding says so.") from None
    if len(unpacked) > limit:
        raise ProblemError(413, f"The file must have at most {limit} bytes when it is unpacked.")
    if not stream.eof or stream.unused_data:
        raise ProblemError(400, "The file must be one whole gzip member.")
    return unpacked
