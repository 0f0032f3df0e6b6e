"""Reads what is stored around entries that an app sends: `rules/entry_matching.py` compares them with it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from sqlalchemy import bindparam
from sqlalchemy.orm import Session

from fit_service.models.base import to_microseconds
from fit_service.models.entries import BodyWeight
from fit_service.rules.body_weight_entry import ID, BodyWeightEntry
from fit_service.rules.entry_matching import Candidate, Surroundings
from fit_service.rules.entry_oddities import COMPARED, TWIN_TIME
from fit_service.storage.entry_rows import ENTRIES, to_entry
from shared.service.sql_statement import Statement

T = TypeVar("T")
_AT_ONCE = 200
"""One question names so many ids."""
_READ_ALONG = timedelta(days=31)
"""What lies between two instants that are no further apart is read too: that takes less than to ask once more."""
_A_MICROSECOND = timedelta(microseconds=1)

_NAMED = ENTRIES.where(BodyWeight.id.in_(bindparam("ids", expanding=True)))
_NEARBY = Statement(
    ENTRIES.where(BodyWeight.created_at.between(bindparam("begin"), bindparam("end")))
    .order_by(BodyWeight.created_at, BodyWeight.id)
    .limit(bindparam("rows"))
)
NEARBY_ONE, _NEARBY_SEVERAL = 1_000, 10**9
"""So many entries nearby are read of one that is inserted: an app may store any number within a minute. Of several, all
are, or what is there would be stored again.
"""
_EARLIER = Statement(
    ENTRIES.where(BodyWeight.created_at < bindparam("before"))
    .order_by(BodyWeight.created_at.desc(), BodyWeight.id.desc())
    .limit(COMPARED)
)
_FIRST = Statement(ENTRIES.order_by(BodyWeight.created_at, BodyWeight.id).limit(COMPARED))


def surroundings(session: Session, subject: str, candidates: Sequence[Candidate]) -> Surroundings:
    """Read the surroundings of these candidates among one person's entries."""
    connection = session.connection()

    def found(query: Statement, **parameters: int) -> list[BodyWeightEntry]:
        return [to_entry(row) for row in query.rows(connection, subject=subject, **parameters)]

    def named(ids: Sequence[str]) -> list[BodyWeightEntry]:
        return [to_entry(row) for row in connection.execute(_NAMED, {"subject": subject, "ids": ids})]

    ids = {candidate.id for candidate in candidates if candidate.id and re.fullmatch(ID, candidate.id)}
    by_id = {entry.id: entry for some in in_portions(sorted(ids), _AT_ONCE) for entry in named(some)}
    instants = sorted(candidate.entry.created_at for candidate in candidates)
    rows = NEARBY_ONE if len(instants) == 1 else _NEARBY_SEVERAL
    nearby = [entry for begin, end in _periods(instants) for entry in found(_NEARBY, begin=begin, end=end, rows=rows)]
    earlier = found(_EARLIER, before=to_microseconds(instants[0]))[::-1] if instants else []
    first = found(_FIRST) if instants and not earlier else []
    return Surroundings(by_id, nearby, earlier or first)


def in_portions(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield at most so many at once."""
    remaining = iter(items)
    return iter(lambda: list(islice(remaining, size)), [])


def _periods(instants: Iterable[datetime]) -> Iterator[tuple[int, int]]:
    """Yield few periods, in microseconds, that hold what is within TWIN_TIME of the instants, which are in order."""
    margin, gap = TWIN_TIME // _A_MICROSECOND, _READ_ALONG // _A_MICROSECOND
    begin = end = None
    for instant in map(to_microseconds, instants):
        if begin is None or end is None:
            begin = instant - margin
        elif instant - end > gap:
            yield begin, end
            begin = instant - margin
        end = instant + margin
    if begin is not None and end is not None:
        yield begin, end
