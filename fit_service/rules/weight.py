"""A weight is an exact decimal in kg or lbs. It is read, converted and written here, without any float."""

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from fit_service.rules.refusals import InvalidValueError

UNITS = ("kg", "lbs")
MASS_OF_A_THOUSANDTH = {"kg": 100_000_000, "lbs": 45_359_237}
"""Masses are in hundred-millionths of a gram, so that both are whole: since 1959 a pound is exactly 453.59237 g."""
LIGHTEST_KG, HEAVIEST_KG = 1, 700
"""Beyond this it is a typing error: the heaviest person on record weighed 635 kg."""
_RANGE = {
    unit: tuple(round(Fraction(kg * 1000 * MASS_OF_A_THOUSANDTH["kg"], mass)) for kg in (LIGHTEST_KG, HEAVIEST_KG))
    for unit, mass in MASS_OF_A_THOUSANDTH.items()
}
"""The same in thousandths of each unit, rounded as we show it: what was stored in one unit can be sent in the other."""
MAX_DECIMALS = 3
_THOUSANDTH = Decimal("0.001")
_FLOAT_ROUNDING = Decimal(2) ** -24
"""A number changes by at most so much of itself when it is written as a 32-bit float; a 64-bit one changes it less."""
_BEYOND_EVERYBODY = 10_000
"""Nobody weighs so much in either unit."""
MAX_LENGTH = 64
"""An amount has at most so many characters."""
_AMOUNT = re.compile(r"\d+(\.\d+)?([eE][+-]?\d{1,3})?", re.ASCII)


_KNOWN = 4_096
"""Weights that are read from rows are made once: people's differ by little."""


@dataclass(frozen=True, slots=True)
class Weight:
    """A weight is an exact amount in the unit in which it was entered."""

    amount: Decimal
    unit: str

    @staticmethod
    @lru_cache(_KNOWN)
    def of_thousandths(thousandths: int, unit: str) -> "Weight":
        """Return a weight of whole thousandths of the unit."""
        return Weight(Decimal(thousandths).scaleb(-MAX_DECIMALS), unit)

    @property
    def thousandths(self) -> int:
        """It is the amount in whole thousandths of the unit: it has no more decimals than that."""
        return int(self.amount.scaleb(MAX_DECIMALS))

    @property
    def mass(self) -> int:
        """It is the mass in hundred-millionths of a gram, whatever the unit."""
        return self.thousandths * MASS_OF_A_THOUSANDTH[self.unit]

    def converted(self, unit: str | None) -> "Weight":
        """Return the weight in `unit`, to three decimals; unchanged if it was entered so, or no unit is asked for."""
        if unit is None or unit == self.unit:
            return self
        return Weight(in_unit(self.mass, unit), unit)

    def text(self) -> str:
        """Write the amount in plain digits without needless zeros: "200", "82.5"."""
        return plain(self.amount)


@lru_cache(_KNOWN)
def shown_in(thousandths: int, own_unit: str, unit: str | None) -> tuple[str, str]:
    """Return the text of a weight of whole thousandths in `unit`, or as it was entered; and the unit that it is in."""
    weight = Weight.of_thousandths(thousandths, own_unit).converted(unit)
    return weight.text(), weight.unit


def other_unit(unit: str) -> str:
    """Return pounds for kilograms, and kilograms for pounds."""
    return UNITS[1 - UNITS.index(unit)]


def in_unit(mass: int, unit: str) -> Decimal:
    """Return a mass as it is shown in `unit`: as it was entered, or to three decimals if that was in the other unit."""
    return rounded(mass, MASS_OF_A_THOUSANDTH[unit] * 1000)


def rounded(numerator: int, denominator: int, decimals: int = MAX_DECIMALS) -> Decimal:
    """Return a quotient to so many decimals, half to even; it is exact up to that one rounding."""
    return Decimal(round(Fraction(10**decimals * numerator, denominator))).scaleb(-decimals)


def plain(number: Decimal) -> str:
    """Write a number without exponent or needless zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def parse_weight(amount: object, unit: object) -> Weight:
    """Read a weight that a person can have, the amount as a string or a JSON number. Raises InvalidValueError."""
    return in_range(Weight(_parse_amount(amount), parse_unit(unit)))


def in_range(weight: Weight) -> Weight:
    """Return the weight if a person can have it. Raises InvalidValueError."""
    lightest, heaviest = _RANGE[weight.unit]
    if not lightest <= weight.thousandths <= heaviest:
        raise _out_of_range()
    return weight


def parse_unit(value: object, field: str = "unit") -> str:
    """Read `lbs` or `kg`. Raises InvalidValueError."""
    if value not in UNITS:
        raise InvalidValueError(field, f"{field} must be lbs or kg.")
    return str(value)


def _parse_amount(value: object) -> Decimal:
    """Read the amount exactly, but for what a binary float added to a number of at most three decimals."""
    if (isinstance(value, str) and len(value) <= MAX_LENGTH and _AMOUNT.fullmatch(value)) or (
        isinstance(value, int | Decimal) and not isinstance(value, bool) and value >= 0
    ):
        amount = Decimal(value)
    else:
        raise InvalidValueError("body_weight", 'body_weight must be a positive decimal number, as in "82.5".')
    if not 1 <= amount < _BEYOND_EVERYBODY:
        raise _out_of_range()
    meant = amount.quantize(_THOUSANDTH)
    if abs(amount - meant) > amount * _FLOAT_ROUNDING:
        raise InvalidValueError("body_weight", f"body_weight has at most {MAX_DECIMALS} decimals.")
    return meant


def _out_of_range() -> InvalidValueError:
    return InvalidValueError("body_weight", f"body_weight must be between {LIGHTEST_KG} and {HEAVIEST_KG} kg.")
