"""The form of one weighing: what was typed is kept, and what is wrong with it is said beside it, in plain words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from examples.strength_app.local_time import NoSuchTimeError, Zone, typed
from examples.strength_app.moogle_fit import RefusedError

UNITS = ("kg", "lbs")
_BOUNDS = {"kg": (Decimal(1), Decimal(700)), "lbs": (Decimal("2.205"), Decimal("1543.235"))}
"""As the Fit API has them."""
_FIRST_YEAR = 1900
_FIELDS = {"created_at": "moment"}
"""The form calls these members otherwise."""
_CHANGED = "This weighing was changed somewhere else meanwhile. What it is now is in the list: open it again."


@dataclass
class EntryForm:
    """What was typed, and what is wrong with it."""

    body_weight: str = ""
    unit: str = "kg"
    moment: str = ""
    """A local time; empty: now."""
    errors: dict[str, str] = field(default_factory=dict)
    """By field; what is wrong with none of them is under "form"."""

    @classmethod
    def sent(cls, form: Mapping[str, str]) -> "EntryForm":
        """What a browser sent."""
        weight, unit, moment = (form.get(name, "").strip()[:40] for name in ("body_weight", "unit", "moment"))
        return cls(weight, unit, moment)

    @classmethod
    def of(cls, entry: Mapping[str, Any], zone: Zone) -> "EntryForm":
        """What is stored."""
        return cls(entry["body_weight"], entry["unit"], typed(zone.local(entry["created_at"])))

    def members(self, zone: Zone, before: "EntryForm | None" = None) -> dict[str, str] | None:
        """What to send: all of it, or what is different from before. None if something is wrong: `errors` says what."""
        weight, instant = self._weight(), self._instant(zone)
        if self.errors:
            return None
        members = {"body_weight": weight, "unit": self.unit}
        if instant is not None and (before is None or before.moment != self.moment):
            members["created_at"] = instant.isoformat()
        return members

    def add_refusal(self, refusal: RefusedError) -> None:
        """Say what the Fit API found wrong."""
        if refusal.status in {404, 412}:
            self.errors["form"] = _CHANGED
            return
        for name, detail in (refusal.fields or {"form": str(refusal)}).items():
            field = _FIELDS.get(name, name)
            self.errors[field if field in {"body_weight", "unit", "moment"} else "form"] = detail

    def _weight(self) -> str:
        if self.unit not in UNITS:
            self.errors["unit"] = "Choose kg or lbs."
            return ""
        text = self.body_weight.replace(",", ".")
        try:
            weight = Decimal(text)
        except InvalidOperation:
            self.errors["body_weight"] = "Write the weight as a number, as in 82.5." if text else "Write your weight."
            return ""
        least, most = _BOUNDS[self.unit]
        if not weight.is_finite() or not least <= weight <= most:
            self.errors["body_weight"] = f"A weight is between {least} and {most} {self.unit}."
        elif weight != round(weight, 3):
            self.errors["body_weight"] = "A weight has at most three decimals."
        return text

    def _instant(self, zone: Zone) -> datetime | None:
        if not self.moment:
            return None
        try:
            instant = zone.instant(self.moment)
        except NoSuchTimeError:
            self.errors["moment"] = f"That time never was in {zone.name}: the clocks were put forward over it."
            return None
        except (ValueError, OverflowError):
            self.errors["moment"] = "Choose a day and a time, as in 2026-01-31T07:30."
            return None
        if instant.year < _FIRST_YEAR:
            self.errors["moment"] = f"Choose a day of {_FIRST_YEAR} or later."
        elif instant.astimezone(UTC) > datetime.now(UTC) + timedelta(days=1):
            self.errors["moment"] = "That is more than a day from now."
        return instant
