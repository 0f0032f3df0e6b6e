"""FIT, the binary files of Garmin and others: the messages `weight_scale`, read with fitdecode."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, BinaryIO

from fit_service.rules.formats import values
from fit_service.rules.formats.contract import Format, Reading, Reason, Row, Skipped
from fit_service.rules.formats.head import Head
from fit_service.rules.formats.rows import read_each, tidied
from fit_service.rules.refusals import Place, TooLongError, UnreadableError

MAX_MESSAGES = 20_000
MAX_FIELDS = 50_000
"""Of all messages together; fitdecode takes ten microseconds for each."""
MAX_BYTES = 1024 * 1024
_MAGIC = slice(8, 12)
_WEIGHT_SCALE = 30
_CALCULATING = 0xFFFE
"""The scale writes this while it is not sure yet; what is no value at all, fitdecode has made None."""
_FIT_EPOCH = 631_065_600
"""1989-12-31T00:00:00Z, in seconds since 1970."""
_FIRST_DATE = 0x10000000
"""A smaller number is the time since the device was switched on."""


def _recognise(head: Head) -> str | None:
    return "its ninth to twelfth byte are .FIT" if head.raw[_MAGIC] == b".FIT" else None


def _read(file: BinaryIO, _codec: str) -> Iterator[Row]:
    return tidied(read_each(_messages(file), _row))


def _messages(file: BinaryIO) -> Iterator[tuple[Place, Any]]:
    """Yield what weight scales wrote, each message with its number among these."""
    import fitdecode  # noqa: PLC0415 - its tables take a tenth of a second at each start of a service

    frames = iter(
        fitdecode.FitReader(
            file,
            processor=None,
            check_crc=fitdecode.CrcCheck.RAISE,
            error_handling=fitdecode.ErrorHandling.RAISE,
        )
    )
    read = fields = number = 0
    while (frame := _next(frames)) is not None:
        read += 1
        fields += len(frame.fields) if isinstance(frame, fitdecode.FitDataMessage) else 0
        fields += len(frame.all_field_defs) if isinstance(frame, fitdecode.FitDefinitionMessage) else 0
        if read > MAX_MESSAGES or fields > MAX_FIELDS:
            raise TooLongError(f"The file has more than {MAX_MESSAGES} messages, or {MAX_FIELDS} fields in them.")
        if file.tell() > MAX_BYTES:
            raise TooLongError(f"The file has more than {MAX_BYTES} bytes.")
        if isinstance(frame, fitdecode.FitDataMessage) and frame.global_mesg_num == _WEIGHT_SCALE:
            number += 1
            yield ("message", number), frame


def _next(frames: Iterator[Any]) -> Any:
    try:
        return next(frames, None)
    except Exception as error:  # beside its own errors, fitdecode raises whatever its lines meet in a spoiled file
        raise UnreadableError(f"The file is not FIT: {str(error)[:100] or type(error).__name__}.") from None


def _row(place: Place, message: Any) -> Row:
    weight, seconds = (message.get_raw_value(name, fallback=None) for name in ("weight", "timestamp"))
    if weight == _CALCULATING:
        return Skipped(place, Reason.CALCULATING)
    if not isinstance(weight, int):
        return Skipped(place, Reason.NO_WEIGHT)
    if not isinstance(seconds, int) or seconds < _FIRST_DATE:
        return Skipped(place, Reason.NO_TIME)
    value, unit = values.amount(Decimal(weight) / 100, "kg")
    person = message.get_raw_value("user_profile_index", fallback=None)
    member = None if person is None else f"profile {person}"
    return Reading(place, value, unit, values.of_epoch(seconds + _FIT_EPOCH), member=member)


FIT = Format("fit", "FIT, weight_scale messages", (), _recognise, _read)
