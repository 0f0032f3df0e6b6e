"""Each query parameter is declared once, and each view names those that it takes."""

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar
from zoneinfo import ZoneInfo

from flask import request
from flask.typing import ResponseReturnValue

from fit_service.rules.body_weight_entry import parse_timestamp
from fit_service.rules.local_days import parse_zone, start_of
from fit_service.rules.refusals import InvalidValueError
from fit_service.rules.weight import parse_unit
from fit_service.web.openapi import schema_parts
from fit_service.web.openapi.description import Schema
from shared.resource_server import ActiveToken

T = TypeVar("T")
S = TypeVar("S")
T_co = TypeVar("T_co", covariant=True)
P = ParamSpec("P")
_SHOWN_NAME = 60
"""A refusal repeats so many characters of a parameter's name."""


@dataclass(frozen=True, slots=True)
class Reader(Generic[T_co]):
    """It says which texts there can be, and reads one."""

    schema: Schema
    parse: Callable[[str, str], T_co]
    """It makes a value of the text; the parameter's name is for refusals. Raises InvalidValueError."""


@dataclass(frozen=True, slots=True)
class Parameter(Generic[T]):
    """It says how a parameter is read, and what holds if it is left out."""

    name: str
    reader: Reader[T]
    default: T
    description: str
    required: bool = False


class Query:
    """It holds the parameters of one request, read and checked."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getitem__(self, parameter: Parameter[T]) -> T:
        value: T = self._values[parameter.name]
        return value


QueryView = Callable[Concatenate[S, ActiveToken, Query, P], ResponseReturnValue]
View = Callable[Concatenate[S, ActiveToken, P], ResponseReturnValue]


def takes(*parameters: Parameter[Any]) -> Callable[[QueryView[S, P]], View[S, P]]:
    """Give the view these parameters, after the token. The declaration stays on it, as `parameters`."""

    def decorate(view: QueryView[S, P]) -> View[S, P]:
        @functools.wraps(view)
        def reading(works_on: S, token: ActiveToken, /, *args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            return view(works_on, token, Query({each.name: _read(each) for each in parameters}), *args, **kwargs)

        reading.parameters = parameters  # type: ignore[attr-defined]
        return reading

    return decorate


def one_of(*choices: str) -> Reader[str]:
    """Make what reads one of these words."""

    def parse(text: str, name: str) -> str:
        if text not in choices:
            raise InvalidValueError(name, f"{name} must be {', '.join(choices[:-1])} or {choices[-1]}.")
        return text

    return Reader({"type": "string", "enum": list(choices)}, parse)


def number_up_to(largest: int) -> Reader[int]:
    """Make what reads a number from 1 to `largest`."""

    def parse(text: str, name: str) -> int:
        if re.fullmatch(r"[0-9]{1,9}", text) is None or not 1 <= int(text) <= largest:
            raise InvalidValueError(name, f"{name} must be between 1 and {largest}.")
        return int(text)

    return Reader({"type": "integer", "minimum": 1, "maximum": largest}, parse)


def _parse_bound(text: str, name: str) -> datetime | date:
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        raise InvalidValueError(name, f"{name} names a day that does not exist.") from None
    if day is not None and not date.min.year < day.year < date.max.year:
        raise InvalidValueError(name, f"{name} must be in the years {date.min.year + 1} to {date.max.year - 1}.")
    return day or parse_timestamp(text, name)


_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_BOUND = Reader(schema_parts.BOUND, _parse_bound)
KEEP, MERGE = "keep", "merge"
UNIT: Parameter[str | None] = Parameter(
    "unit", Reader(schema_parts.UNIT, parse_unit), None, "Show weights in lbs or kg; unset: as each was entered."
)
ZONE: Parameter[ZoneInfo] = Parameter(
    "tz", Reader(schema_parts.TIME_ZONE, parse_zone), ZoneInfo("UTC"), "The IANA time zone whose days are meant."
)
START: Parameter[datetime | date | None] = Parameter(
    "start", _BOUND, None, "From this instant on (RFC 3339, with an offset), or from the beginning of this day in `tz`."
)
END: Parameter[datetime | date | None] = Parameter(
    "end", _BOUND, None, "Before this instant (RFC 3339, with an offset), or before this day in `tz` begins."
)
TWINS: Parameter[str] = Parameter(
    "twins", one_of(KEEP, MERGE), KEEP, "Whether to insert what is likely the same weighing as another entry."
)


def period(query: Query) -> tuple[datetime | None, datetime | None]:
    """Return from when to when (excluded) is asked for. Raises InvalidValueError if the end comes before the start."""
    start, end = (_as_instant(query[bound], query[ZONE]) for bound in (START, END))
    if start is not None and end is not None and end < start:
        raise InvalidValueError("end", "end must not be before start.")
    return start, end


def refuse_unknown_parameters(known: Sequence[Parameter[Any]]) -> None:
    """Raise InvalidValueError if the request has a parameter that isn't one of these."""
    names = [parameter.name for parameter in known]
    for name in request.args:
        if name not in names:
            takes = f"the parameters here are: {', '.join(names)}" if names else "there are no parameters here"
            raise InvalidValueError(name[:_SHOWN_NAME], f"{name[:_SHOWN_NAME]} is not known: {takes}.")


def _as_instant(bound: datetime | date | None, zone: ZoneInfo) -> datetime | None:
    return bound if bound is None or isinstance(bound, datetime) else start_of(bound, zone)


def _read(parameter: Parameter[T]) -> T:
    texts = request.args.getlist(parameter.name)
    if len(texts) > 1:
        raise InvalidValueError(parameter.name, f"{parameter.name} must be given once.")
    if parameter.required and not texts:
        raise InvalidValueError(parameter.name, f"{parameter.name} is required.")
    return parameter.reader.parse(texts[0], parameter.name) if texts else parameter.default
