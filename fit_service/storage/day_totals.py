"""Adds entries up by local day, in the database: what is fetched grows with the days, not with the entries."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import ColumnElement, case, func, literal, select
from sqlalchemy.orm import Session

from fit_service.models.base import to_microseconds
from fit_service.models.entries import BodyWeight
from fit_service.rules.local_days import LocalDays
from fit_service.rules.summary import DayTotal
from fit_service.rules.weight import MASS_OF_A_THOUSANDTH

_A_DAY = to_microseconds(datetime(1970, 1, 2, tzinfo=UTC))
_DAYS_BEFORE_1970 = date(1970, 1, 1).toordinal()


def day_totals(session: Session, subject: str, days: LocalDays) -> list[DayTotal]:
    """Return totals in the order of days. Kilograms and pounds are added up apart, in thousandths, without rounding."""
    of_kg, of_lbs = (case((BodyWeight.unit == unit, BodyWeight.thousandths), else_=0) for unit in ("kg", "lbs"))
    masses = [(BodyWeight.unit == unit, BodyWeight.thousandths * each) for unit, each in MASS_OF_A_THOUSANDTH.items()]
    mass = case(*masses)
    entries = (
        select(_local_day(days).label("day"), of_kg.label("kg"), of_lbs.label("lbs"), mass.label("mass"))
        .where(BodyWeight.subject == subject)
        .where(BodyWeight.created_at >= to_microseconds(days.start) - _A_DAY)
        .where(BodyWeight.created_at < to_microseconds(days.end) + _A_DAY)
        .subquery()
    )
    each = entries.c
    totals = (
        select(each.day, func.count(), func.sum(each.kg), func.sum(each.lbs), func.min(each.mass), func.max(each.mass))
        .where(each.day.between(days.first.toordinal(), days.last.toordinal()))
        .group_by(each.day)
        .order_by(each.day)
    )
    return [
        DayTotal(
            day=date.fromordinal(day),
            count=count,
            mass=int(kg) * MASS_OF_A_THOUSANDTH["kg"] + int(lbs) * MASS_OF_A_THOUSANDTH["lbs"],
            lightest=lightest,
            heaviest=heaviest,
        )
        for day, count, kg, lbs, lightest, heaviest in session.execute(totals)
    ]


def _local_day(days: LocalDays) -> ColumnElement[int]:
    """Return the day on which an entry was made where the person lives, counted as Python counts days.

    It is positive for every entry, because databases round the quotients of negative numbers the other way.
    """
    first, *changes = days.offsets()
    latest_first = [
        (BodyWeight.created_at >= to_microseconds(change.since), _microseconds(change.ahead))
        for change in reversed(changes)
    ]
    earliest = literal(_microseconds(first.ahead))
    ahead = case(*latest_first, else_=earliest) if latest_first else earliest
    return (BodyWeight.created_at + ahead + _DAYS_BEFORE_1970 * _A_DAY) // _A_DAY


def _microseconds(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1)
