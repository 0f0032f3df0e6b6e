"""Query parameters: each is declared once, and each view names those that it takes. Unknown ones are ignored."""

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from flask import request
from flask.typing import ResponseReturnValue

from fit_service.api import schemas
from fit_service.api.description import Schema
from fit_service.api.schemas import INSTANT
from fit_service.body_weight_entry import parse_timestamp
from fit_service.errors import ProblemError
from fit_service.weight import parse_unit
from shared.resource_server import ActiveToken

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Reader(Generic[T_co]):
    """Which texts there can be, and how one is read."""

    schema: Schema
    parse: Callable[[str, str], T_co]
    """From the text and the parameter's name. Raises ProblemError."""


@dataclass(frozen=True, slots=True)
class Parameter(Generic[T]):
    """One parameter: how it is read, and what holds if it is left out."""

    name: str
    reader: Reader[T]
    default: T
    description: str


class Query:
    """The parameters of one request, read and checked."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getitem__(self, parameter: Parameter[T]) -> T:
        value: T = self._values[parameter.name]
        return value


QueryView = Callable[Concatenate[ActiveToken, Query, P], ResponseReturnValue]
View = Callable[Concatenate[ActiveToken, P], ResponseReturnValue]


def takes(*parameters: Parameter[Any]) -> Callable[[QueryView[P]], View[P]]:
    """The view takes these; what was sent comes after the token. The declaration stays on it, as `parameters`."""

    def decorate(view: QueryView[P]) -> View[P]:
        @functools.wraps(view)
        def reading(token: ActiveToken, /, *args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            return view(token, Query({each.name: _read(each) for each in parameters}), *args, **kwargs)

        reading.parameters = parameters  # type: ignore[attr-defined]
        return reading

    return decorate


def one_of(*choices: str) -> Reader[str]:
    """Reads one of these words."""

    def parse(text: str, name: str) -> str:
        if text not in choices:
            raise ProblemError(422, f"{name} must be {', '.join(choices[:-1])} or {choices[-1]}.", field=name)
        return text

    return Reader({"type": "string", "enum": list(choices)}, parse)


def number_up_to(largest: int) -> Reader[int]:
    """Reads a number from 1 to `largest`."""

    def parse(text: str, name: str) -> int:
        if re.fullmatch(r"[0-9]{1,9}", text) is None or not 1 <= int(text) <= largest:
            raise ProblemError(422, f"{name} must be between 1 and {largest}.", field=name)
        return int(text)

    return Reader({"type": "integer", "minimum": 1, "maximum": largest}, parse)


_INSTANT = Reader(INSTANT, parse_timestamp)
UNIT: Parameter[str | None] = Parameter(
    "unit", Reader(schemas.UNIT, parse_unit), None, "Show weights in lbs or kg; unset: as each was entered."
)
START: Parameter[datetime | None] = Parameter(
    "start", _INSTANT, None, "From this instant on (RFC 3339, with an offset)."
)
END: Parameter[datetime | None] = Parameter("end", _INSTANT, None, "Before this instant (RFC 3339, with an offset).")


def _read(parameter: Parameter[T]) -> T:
    texts = request.args.getlist(parameter.name)
    if len(texts) > 1:
        raise ProblemError(422, f"{parameter.name} must be given once.", field=parameter.name)
    return parameter.reader.parse(texts[0], parameter.name) if texts else parameter.default
