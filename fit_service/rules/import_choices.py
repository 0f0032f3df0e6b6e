"""What a file doesn't say is asked for, and whoever imports it chooses: nothing is guessed.

A file without a unit, a zone or a time of day becomes entries only with the choice that says it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from fit_service.rules.body_weight_entry import NewEntry
from fit_service.rules.formats.contract import (
    ClockTime,
    Day,
    EitherDate,
    Instant,
    Reading,
    Reason,
    When,
)
from fit_service.rules.refusals import Place
from fit_service.rules.weight import UNITS, Weight, in_range

REFUSE, EARLIER, LATER, SKIP = "refuse", "earlier", "later", "skip"
MONTH_FIRST, DAY_FIRST = "month_first", "day_first"
MAX_PLACES = 100
"""So many of the rows that need a choice are named."""
MAX_MEMBERS = 20
"""A file tells at most so many people apart."""
_EXAMPLE_ZONES = ("America/New_York", "Europe/Berlin", "Asia/Tokyo")
_EXAMPLE_TIMES = ("07:30", "12:00")
_A_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Choices:
    """They say what the file doesn't say; None: nothing was chosen."""

    unit: str | None = None
    zone: ZoneInfo | None = None
    time_of_day: time | None = None
    dates: str | None = None
    clock_changes: str = REFUSE
    members: frozenset[str] | None = None


@dataclass(slots=True)
class Question:
    """A question names a parameter that has to be chosen, and the rows that need it."""

    parameter: str
    sentence: str
    meanings: Mapping[str, str]
    """It says what the first of these rows would be with some of the choices."""
    count: int = 0
    """So many rows need it."""
    places: list[Place] = field(default_factory=list)
    """The first of them stand there."""


class _NotChosenError(Exception):
    """A choice is missing."""

    def __init__(self, parameter: str, sentence: str, meanings: Callable[[], Mapping[str, str]] = dict) -> None:
        super().__init__(sentence)
        self.parameter = parameter
        self.sentence = sentence
        self.meanings = meanings


class Chooser:
    """It makes entries of the readings of one file, and remembers what has to be asked."""

    def __init__(self, choices: Choices, readings: Iterable[Reading]) -> None:
        """Look through the readings, twice, for what all of them say together."""
        self._choices = choices
        self._dates = choices.dates or _order_of(each.when for each in readings)
        self._members = _members(readings)
        self.questions: dict[tuple[str, str], Question] = {}

    def entry(self, reading: Reading) -> NewEntry | Reason | None:
        """Return the entry, or why there is none; None: that depends on a choice that is missing.

        Raises InvalidValueError if nobody can weigh that.
        """
        try:
            if reading.member is not None and self._is_of_another(reading.member):
                return Reason.OTHER_MEMBER
            when = reading.when
            instant = when if isinstance(when, Instant) else self._instant(self._undoubted(when))
            unit = reading.unit or self._unit(reading)
        except _NotChosenError as missing:
            self._ask(missing, reading)
            return None
        if isinstance(instant, Reason):
            return instant
        weight = in_range(Weight(reading.value, unit))
        return NewEntry(weight, instant.at, utc_offset=instant.offset, origin=reading.origin)

    def _ask(self, missing: _NotChosenError, reading: Reading) -> None:
        """Note a question of this row; each is asked once, about its first row."""
        key = missing.parameter, missing.sentence
        if key not in self.questions:
            self.questions[key] = Question(*key, missing.meanings())
        question = self.questions[key]
        question.count += 1
        if len(question.places) < MAX_PLACES:
            question.places.append(reading.place)

    def _is_of_another(self, member: str) -> bool:
        if len(self._members) < 2:
            return False
        if self._choices.members is None:
            sentence = "The file has weighings of several people: say with member whose are meant."
            raise _NotChosenError("member", sentence, lambda: self._members)
        return member not in self._choices.members

    def _unit(self, reading: Reading) -> str:
        if self._choices.unit is None:
            sentence = "The file does not say the unit: say kg or lbs with unit."
            raise _NotChosenError("unit", sentence, lambda: _in_each_unit(reading.value))
        return self._choices.unit

    def _undoubted(self, when: When) -> Instant | ClockTime | Day:
        if not isinstance(when, EitherDate):
            return when
        if self._dates is None:
            sentence = "The date can be read in two ways: say with dates whether month_first or day_first."
            raise _NotChosenError("dates", sentence, lambda: _in_each_order(when))
        read = when.month_first if self._dates == MONTH_FIRST else when.day_first
        if read is None:
            sentence = f"There is no such day, read with {self._dates}: other rows of the file, or dates, say so."
            raise _NotChosenError("dates", sentence)
        return read

    def _instant(self, when: Instant | ClockTime | Day) -> Instant | Reason:
        if isinstance(when, Instant):
            return when
        if isinstance(when, Day):
            if self._choices.time_of_day is None:
                sentence = "The file says the day and no time: say with time, as in 07:30, which one is meant."
                day = when.day.isoformat()
                raise _NotChosenError("time", sentence, lambda: {each: f"{day}T{each}:00" for each in _EXAMPLE_TIMES})
            when = ClockTime(datetime.combine(when.day, self._choices.time_of_day))
        if self._choices.zone is None:
            sentence = "The file says the local time and no zone: say with tz, as in Europe/Berlin, which one is meant."
            shown = when.shown
            raise _NotChosenError("tz", sentence, lambda: _in_each_zone(shown))
        return self._in_zone(when.shown, self._choices.zone)

    def _in_zone(self, shown: datetime, zone: ZoneInfo) -> Instant | Reason:
        possible, chosen = _instants(shown, zone), self._choices.clock_changes
        if len(possible) == 1:
            return possible[0]
        if chosen == SKIP:
            return Reason.CLOCK_CHANGE
        if chosen in {EARLIER, LATER} and possible:
            return possible[0] if chosen == EARLIER else possible[1]
        how_often = "twice" if possible else "not at all"
        sentence = f"The local time happened {how_often} in {zone.key}, because the clocks were changed."
        moments = {name: each.at.isoformat() for name, each in zip((EARLIER, LATER), possible, strict=False)}
        raise _NotChosenError("clock_changes", sentence, lambda: {**moments, SKIP: "It would be left out."})


def _instants(shown: datetime, zone: ZoneInfo) -> list[Instant]:
    """Return the moments at which clocks showed this there: one, or two, or none, the earlier first."""
    ahead = {shown.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1)}
    moments = {shown.replace(tzinfo=UTC) - each: each for each in ahead}
    if len(moments) > 1:  # the clocks were changed around then
        moments = {at: each for at, each in moments.items() if at.astimezone(zone).utcoffset() == each}
    return [Instant(at, None if each % _A_MINUTE else each // _A_MINUTE) for at, each in sorted(moments.items())]


def _order_of(moments: Iterable[When]) -> str | None:
    """Return in which order a file writes month and day, if one of its dates can be read only so."""
    for each in moments:
        if isinstance(each, EitherDate) and each.day_first is None:
            return MONTH_FIRST
        if isinstance(each, EitherDate) and each.month_first is None:
            return DAY_FIRST
    return None


def _members(readings: Iterable[Reading]) -> dict[str, str]:
    """Return the people whom a file tells apart, each with the number of their weighings."""
    counts: dict[str, int] = {}
    for each in readings:
        if each.member is not None:
            counts[each.member] = counts.get(each.member, 0) + 1
    return {member: f"{count} weighing{'s' * (count > 1)}" for member, count in sorted(counts.items())[:MAX_MEMBERS]}


def _shown_date(when: ClockTime | Day) -> str:
    return when.shown.isoformat() if isinstance(when, ClockTime) else when.day.isoformat()


def _in_each_unit(value: Decimal) -> dict[str, str]:
    read = {unit: Weight(value, unit) for unit in UNITS}
    in_kg = read["lbs"].converted("kg").text()
    return {"kg": f"{read['kg'].text()} kg", "lbs": f"{read['lbs'].text()} lbs, which is {in_kg} kg"}


def _in_each_order(when: EitherDate) -> dict[str, str]:
    orders = ((MONTH_FIRST, when.month_first), (DAY_FIRST, when.day_first))
    return {name: _shown_date(each) for name, each in orders if each is not None}


def _in_each_zone(shown: datetime) -> dict[str, str]:
    """Return which moment it would be in some zones, where there was one."""
    found = {name: _instants(shown, ZoneInfo(name)) for name in _EXAMPLE_ZONES}
    return {name: instants[0].at.isoformat() for name, instants in found.items() if instants}
