"""What a weight is: an exact decimal in kg or lbs, read, converted, written. No float anywhere."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from fit_service.errors import ProblemError

UNITS = ("kg", "lbs")
MASS_OF_A_THOUSANDTH = {"kg": 100_000_000, "lbs": 45_359_237}
"""In hundred-millionths of a gram, so that both are whole: since 1959 a pound is exactly 453.59237 g."""
LIGHTEST_KG, HEAVIEST_KG = 1, 700
"""Beyond this it is a typing error: the heaviest person on record weighed 635 kg."""
MAX_DECIMALS = 3
_AMOUNT = re.compile(r"\d{1,6}(\.\d{1,12})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Weight:
    """An exact amount in the unit in which it was entered."""

    amount: Decimal
    unit: str

    @classmethod
    def of_thousandths(cls, thousandths: int, unit: str) -> "Weight":
        """From whole thousandths of the unit."""
        return cls(Decimal(thousandths).scaleb(-MAX_DECIMALS), unit)

    @property
    def thousandths(self) -> int:
        """In whole thousandths of the unit: an amount has no more decimals than that."""
        return int(self.amount.scaleb(MAX_DECIMALS))

    @property
    def mass(self) -> int:
        """In hundred-millionths of a gram, whatever the unit."""
        return self.thousandths * MASS_OF_A_THOUSANDTH[self.unit]

    def converted(self, unit: str | None) -> "Weight":
        """The same weight in `unit`, to two decimals; unchanged if it was entered so, or no unit is asked for."""
        if unit is None or unit == self.unit:
            return self
        return Weight(in_unit(self.mass, unit), unit)

    def text(self) -> str:
        """Plain digits without needless zeros: "200", "82.5"."""
        return plain(self.amount)


def in_unit(mass: int, unit: str) -> Decimal:
    """A mass as it is shown in `unit`: as it was entered, or to two decimals if that was in the other unit."""
    thousandths, rest = divmod(mass, MASS_OF_A_THOUSANDTH[unit])
    if rest == 0:
        return Decimal(thousandths).scaleb(-MAX_DECIMALS)
    return rounded(mass, MASS_OF_A_THOUSANDTH[unit] * 1000)


def rounded(numerator: int, denominator: int) -> Decimal:
    """A quotient to two decimals, half to even; exact up to that one rounding."""
    return Decimal(round(Fraction(100 * numerator, denominator))).scaleb(-2)


def plain(number: Decimal) -> str:
    """Digits without exponent or needless zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def parse_weight(amount: object, unit: object) -> Weight:
    """A weight that a person can have, the amount as a string or a JSON number. Raises ProblemError."""
    weight = Weight(_parse_amount(amount), parse_unit(unit))
    if not _mass_of_kg(LIGHTEST_KG) <= weight.mass <= _mass_of_kg(HEAVIEST_KG):
        raise ProblemError(422, f"body_weight must be between {LIGHTEST_KG} and {HEAVIEST_KG} kg.", field="body_weight")
    return weight


def parse_unit(value: object, field: str = "unit") -> str:
    """`lbs` or `kg`. Raises ProblemError."""
    if value not in UNITS:
        raise ProblemError(422, f"{field} must be lbs or kg.", field=field)
    return str(value)


def _parse_amount(value: object) -> Decimal:
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


def _mass_of_kg(kg: int) -> int:
    return kg * 1000 * MASS_OF_A_THOUSANDTH["kg"]
