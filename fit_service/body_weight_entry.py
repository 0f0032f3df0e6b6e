"""What a body-weight entry is: read from a request, checked, converted, written as JSON. Knows no HTTP and no store."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from fit_service.errors import ProblemError

KG_PER_LB = Decimal("0.45359237")
"""Exact since the international yard and pound agreement of 1959."""
UNITS = ("kg", "lbs")
LIGHTEST_KG, HEAVIEST_KG = Decimal(1), Decimal(700)
"""Beyond this it is a typing error: the heaviest person on record weighed 635 kg."""
MAX_DECIMALS = 3
_CONVERTED_DECIMALS = Decimal("0.01")
_AMOUNT = re.compile(r"\d{1,6}(\.\d{1,12})?", re.ASCII)
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Weight:
    """An exact amount in the unit in which it was entered."""

    amount: Decimal
    unit: str

    def converted(self, unit: str | None) -> "Weight":
        """The same weight in `unit`, to two decimals; unchanged if it was entered so, or no unit is asked for."""
        if unit is None or unit == self.unit:
            return self
        amount = self.amount * KG_PER_LB if unit == "kg" else self.amount / KG_PER_LB
        return Weight(amount.quantize(_CONVERTED_DECIMALS, ROUND_HALF_EVEN), unit)

    def text(self) -> str:
        """Plain digits without needless zeros: "200", "82.5"."""
        text = f"{self.amount:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A weight at an instant, not yet stored."""

    weight: Weight
    created_at: datetime


@dataclass(frozen=True, slots=True)
class BodyWeightEntry(NewEntry):
    """A stored entry of one person."""

    id: str

    def to_json(self, unit: str | None = None) -> dict[str, str]:
        """The object that the API shows, in `unit` or as it was entered."""
        weight = self.weight.converted(unit)
        return {
            "id": self.id,
            "body_weight": weight.text(),
            "unit": weight.unit,
            "created_at": self.created_at.astimezone(UTC).isoformat(),
        }


def parse_json(body: bytes) -> Mapping[str, Any]:
    """A JSON object whose numbers are kept exact. Raises ProblemError."""
    try:
        value = json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise ProblemError(400, "The body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise ProblemError(400, "The body must be a JSON object.")
    return value


def new_entry(fields: Mapping[str, Any], now: datetime) -> NewEntry:
    """An entry from the members of a request's body. Raises ProblemError naming the member at fault."""
    for name in ("body_weight", "unit"):
        if name not in fields:
            raise ProblemError(422, f"{name} is required.", field=name)
    return _entry(fields, now)


def changed_entry(entry: BodyWeightEntry, fields: Mapping[str, Any]) -> BodyWeightEntry:
    """An entry with the given members replaced (RFC 7396). Raises ProblemError naming the member at fault."""
    current = {"body_weight": entry.weight.text(), "unit": entry.weight.unit}
    if "body_weight" not in fields and "unit" in fields and fields["unit"] != entry.weight.unit:
        raise ProblemError(422, "Changing the unit needs the body_weight in that unit too.", field="body_weight")
    changed = _entry({**current, **fields}, entry.created_at)
    return BodyWeightEntry(changed.weight, changed.created_at, entry.id)


def parse_unit(value: object, field: str = "unit") -> str:
    """`lbs` or `kg`. Raises ProblemError."""
    if value not in UNITS:
        raise ProblemError(422, f"{field} must be lbs or kg.", field=field)
    return str(value)


def parse_timestamp(value: object, field: str) -> datetime:
    """An RFC 3339 timestamp, whose offset is required. Raises ProblemError."""
    if not isinstance(value, str) or _TIMESTAMP.fullmatch(value) is None:
        raise ProblemError(
            422,
            f"{field} must be an RFC 3339 timestamp with an offset, as in 2015-01-31T07:30:00+01:00 "
            "(in an address, + is written %2B).",
            field=field,
        )
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ProblemError(422, f"{field} names a moment that does not exist.", field=field) from None


def _entry(fields: Mapping[str, Any], created_at: datetime) -> NewEntry:
    weight = Weight(_parse_amount(fields["body_weight"]), parse_unit(fields["unit"]))
    if not LIGHTEST_KG <= _in_kg(weight) <= HEAVIEST_KG:
        raise ProblemError(422, f"body_weight must be between {LIGHTEST_KG} and {HEAVIEST_KG} kg.", field="body_weight")
    if "created_at" in fields:
        created_at = parse_timestamp(fields["created_at"], "created_at")
    return NewEntry(weight, created_at)


def _parse_amount(value: object) -> Decimal:
    """A decimal as a string or a JSON number."""
    text = str(value) if isinstance(value, str | int | Decimal) and not isinstance(value, bool) else ""
    if _AMOUNT.fullmatch(text) is None:
        raise ProblemError(422, 'body_weight must be a positive decimal number, as in "82.5".', field="body_weight")
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ProblemError(422, "body_weight is not a number.", field="body_weight") from None
    if -amount.normalize().as_tuple().exponent > MAX_DECIMALS:  # type: ignore[operator]
        raise ProblemError(422, f"body_weight has at most {MAX_DECIMALS} decimals.", field="body_weight")
    return amount


def _in_kg(weight: Weight) -> Decimal:
    return weight.amount if weight.unit == "kg" else weight.amount * KG_PER_LB


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
