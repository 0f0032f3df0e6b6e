"""Reads what stands in a field of a file: an amount, a unit, an instant, a local time, a day."""

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from fit_service.rules.formats.contract import ClockTime, Day, EitherDate, Instant, When
from fit_service.rules.refusals import InvalidValueError
from fit_service.rules.weight import MAX_LENGTH

_THOUSANDTH = Decimal("0.001")
_TOO_MUCH = Decimal(1_000_000)
"""No file has so many of any unit: a gram is the smallest."""
_AMOUNT = re.compile(r"\d{1,32}(\.\d{1,32})?([eE][+-]?\d{1,2})?", re.ASCII)
_NOTHING = {"", "-", "--", "null", "none", "nan", "n/a"}
UNITS = {
    "kg": ("kg", Decimal(1)),
    "g": ("kg", Decimal("0.001")),
    "lb": ("lbs", Decimal(1)),
    "lbs": ("lbs", Decimal(1)),
    "[lb_av]": ("lbs", Decimal(1)),
    "st": ("lbs", Decimal(14)),
    "[stone_av]": ("lbs", Decimal(14)),
    "oz": ("lbs", Decimal("0.0625")),
    "[oz_av]": ("lbs", Decimal("0.0625")),
}
"""So much of kg or lbs is one of it, exactly."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT = timedelta(microseconds=1)
_LAST_EPOCH = (datetime(9998, 1, 1, tzinfo=UTC) - EPOCH) // _MOMENT
_YEARS = range(2, 9999)
"""Of another one, no zone's instants can be computed."""
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d\d):?(\d\d)", re.ASCII)
_DATE = re.compile(r"(\d{4})[-/.](\d\d?)[-/.](\d\d?)", re.ASCII)
_SLASHED = re.compile(r"(\d\d?)/(\d\d?)/(\d{4})", re.ASCII)
_DOTTED = re.compile(r"(\d\d?)\.(\d\d?)\.(\d{4})", re.ASCII)
_TIME = re.compile(
    r"(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,32}))?)?(?:\s?([AaPp])\.?[Mm]\.?)?(\s?(?:[Zz]|(?:UTC|GMT)?[+-]\d\d:?\d\d))?",
    re.ASCII,
)


def is_nothing(text: str | None) -> bool:
    """Say whether a field says that there is no value."""
    return text is None or text.strip().lower() in _NOTHING


def amount(value: object, unit: str | None = None, *, field: str = "body_weight") -> tuple[Decimal, str | None]:
    """Read a decimal, as text or a JSON number, and convert it exactly to the kg or lbs that its `unit` is made of.

    It is rounded to three decimals: what a 32-bit float added is gone then, and so is what converting left behind.
    Raises InvalidValueError.
    """
    number = None
    if isinstance(value, str) and len(value) <= MAX_LENGTH and _AMOUNT.fullmatch(value.strip()):
        number = Decimal(value.strip())
    elif isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = Decimal(value)
    if number is None or not number.is_finite() or not 0 <= number < _TOO_MUCH:
        raise InvalidValueError(field, f"{_shown(value)} is no weight.")
    if unit is None:
        return number.quantize(_THOUSANDTH, ROUND_HALF_EVEN), None
    name, factor = known_unit(unit)
    return (number * factor).quantize(_THOUSANDTH, ROUND_HALF_EVEN), name


def known_unit(unit: object) -> tuple[str, Decimal]:
    """Return of kg or lbs what a unit is made of, and how much. Raises InvalidValueError."""
    found = UNITS.get(unit.strip().lower()) if isinstance(unit, str) else None
    if found is None:
        raise InvalidValueError("unit", f"{_shown(unit)} is no unit of weight that is known here.")
    return found


def of_epoch(count: object, per_second: int = 1, offset: int | None = None) -> Instant:
    """Read an instant of so many seconds, milliseconds or the like since 1970. Raises InvalidValueError."""
    digits = str(count) if isinstance(count, str | int) and not isinstance(count, bool) else ""
    if re.fullmatch(r"\d{1,20}", digits, re.ASCII) is None:
        raise InvalidValueError("created_at", f"{_shown(count)} is no time since 1970.")
    microseconds = int(digits) * 1_000_000 // per_second
    if microseconds > _LAST_EPOCH:
        raise InvalidValueError("created_at", f"{_shown(count)} is no time since 1970 that can be counted with.")
    return Instant(EPOCH + microseconds * _MOMENT, offset)


def moment(text: object) -> When:
    """Read a date, with a time and an offset or without, in the order of ISO 8601, or as 31.1.2026 or 1/31/2026.

    Raises InvalidValueError.
    """
    if not isinstance(text, str) or len(text) > MAX_LENGTH:
        raise InvalidValueError("created_at", f"{_shown(text)} is no date.")
    on, _, at = re.sub(r"[Tt]|,\s*", " ", text.strip(), count=1).partition(" ")
    parsed = _clock(at.strip()) if at.strip() else None
    if parsed is None and at.strip():
        raise InvalidValueError("created_at", f"{_shown(text)} is no date and time.")
    if slashed := _SLASHED.fullmatch(on):
        return _either(slashed, parsed, text)
    if dated := _DATE.fullmatch(on):
        year, month, day = map(int, dated.groups())
    elif dated := _DOTTED.fullmatch(on):
        day, month, year = map(int, dated.groups())
    else:
        raise InvalidValueError("created_at", f"{_shown(text)} is no date.")
    found = _at(year, month, day, parsed)
    if found is None:
        raise InvalidValueError("created_at", f"{_shown(text)} names a moment that does not exist.")
    return found


def instant(text: object) -> Instant:
    """Read a date and time with an offset. Raises InvalidValueError."""
    found = moment(text)
    if not isinstance(found, Instant):
        raise InvalidValueError("created_at", f"{_shown(text)} has no offset.")
    return found


def clock_time(text: object) -> ClockTime:
    """Read a date and time without an offset. Raises InvalidValueError."""
    found = moment(text)
    if not isinstance(found, ClockTime):
        raise InvalidValueError("created_at", f"{_shown(text)} is no local time.")
    return found


def in_utc(when: ClockTime | Instant) -> datetime:
    """Return the moment of a file that writes UTC without saying so."""
    return when.at if isinstance(when, Instant) else when.shown.replace(tzinfo=UTC)


_Clock = tuple[time, int | None]
"""A time of day, and how many minutes it is ahead of UTC."""


def _clock(text: str) -> _Clock | None:
    """Read a time of day, with an offset or without."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hour, minute, second, fraction, half, zone = found.groups()
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + 12 * (half in "Pp")
    try:
        shown = time(hours, int(minute), int(second or 0), int((fraction or "0")[:6].ljust(6, "0")))
    except ValueError:
        return None
    return shown, offset(zone.strip()) if zone else None


def offset(text: str) -> int:
    """Read how many minutes local time is ahead of UTC. Raises InvalidValueError."""
    if text in {"Z", "z"}:
        return 0
    found = _OFFSET.fullmatch(text)
    if found is None or int(found[2]) > 23 or int(found[3]) > 59:
        raise InvalidValueError("created_at", f"{_shown(text)} is no offset from UTC.")
    return (60 * int(found[2]) + int(found[3])) * (-1 if found[1] == "-" else 1)


def _at(year: int, month: int, day: int, clock: _Clock | None) -> Instant | ClockTime | Day | None:
    try:
        on = date(year, month, day)
        if on.year not in _YEARS:
            return None
        if clock is None:
            return Day(on)
        shown = datetime.combine(on, clock[0])
        if clock[1] is None:
            return ClockTime(shown)
        return Instant(shown.replace(tzinfo=UTC) - timedelta(minutes=clock[1]), clock[1] or None)
    except (ValueError, OverflowError):
        return None


def _either(found: re.Match[str], clock: _Clock | None, text: str) -> When:
    one, other, year = map(int, found.groups())
    month_first, day_first = _at(year, one, other, clock), _at(year, other, one, clock)
    if isinstance(month_first, Instant) or isinstance(day_first, Instant):
        raise InvalidValueError("created_at", f"{_shown(text)} has an offset and a date that can be read in two ways.")
    if month_first is None and day_first is None:
        raise InvalidValueError("created_at", f"{_shown(text)} names a day that does not exist.")
    return month_first if month_first == day_first and month_first else EitherDate(month_first, day_first)


def _shown(value: object) -> str:
    text = str(value)
    return text if 0 < len(text) <= 40 else f"{text[:40]}…" if text else "Nothing"
