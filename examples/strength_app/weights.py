"""What the app reads and changes of a person's weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from examples.strength_app.connections import Connection
from examples.strength_app.local_time import Zone
from examples.strength_app.moogle_fit import MoogleFit

MOST_POINTS = 500
"""So many single weighings are drawn and listed; of more, the mean of each day, week or month is drawn."""
_MOST_BUCKETS = 1000

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Period:
    """What a page shows of a person's weights, all in one unit."""

    entries: list[Entry]
    """The latest first; not all if `more` is true."""
    more: bool
    buckets: list[dict[str, Any]]
    """The trend, and the mean of each day, week or month."""
    bucket: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table. The fraction, with its point, stands in a column of its own."""

    entry: Entry
    at: datetime
    whole: str
    fraction: str


class Listed:
    """A table of entries, all in one unit."""

    def __init__(self, entries: Sequence[Entry], unit: str, zone: Zone) -> None:
        self.unit = unit
        self.rows = [_row(entry, zone) for entry in entries]
        self.decimals = max((len(row.fraction) - 1 for row in self.rows if row.fraction), default=0)


class Weights:
    """Calls in a person's name. All raise ConnectionEndedError, UnavailableError or RefusedError."""

    def __init__(self, moogle_fit: MoogleFit) -> None:
        self._fit = moogle_fit

    def period(self, connection: Connection, unit: str, zone: Zone, since: date | None) -> Period:
        """Entries and trend from this day on, or of all time."""
        begin = since or self._first_day(connection, zone)
        bounds = {"start": begin.isoformat(), "tz": zone.name} if begin else {}
        latest_first = {"unit": unit, "order": "desc", "limit": str(MOST_POINTS)}
        answer = self._fit.call(connection, "GET", params={**latest_first, **bounds})
        bucket = _bucket(begin, zone)
        asked = {"unit": unit, "tz": zone.name, "bucket": bucket, **bounds}
        summary = self._fit.call(connection, "GET", "summary", params=asked).json()
        return Period(answer.json(), "next" in answer.links, summary["buckets"], bucket)

    def page(self, connection: Connection, unit: str, cursor: str | None) -> tuple[list[Entry], str | None]:
        """A page of all entries, the latest first, and where the next one begins if there is one."""
        asked = {"unit": unit, "order": "desc", **({"cursor": cursor} if cursor else {})}
        answer = self._fit.call(connection, "GET", params=asked)
        following = urlsplit(answer.links.get("next", {}).get("url", ""))
        return answer.json(), dict(parse_qsl(following.query)).get("cursor")

    def add(self, connection: Connection, members: Entry, key: str) -> None:
        """Insert an entry, once however often it is asked for with this key."""
        self._fit.call(connection, "POST", json=members, headers={"Idempotency-Key": key})

    def find(self, connection: Connection, entry_id: str) -> Entry:
        """One entry, as it was entered."""
        entry: Entry = self._fit.call(connection, "GET", entry_id).json()
        return entry

    def change(self, connection: Connection, entry_id: str, version: str, members: Entry) -> None:
        """Change an entry, if it is still this version."""
        self._fit.call(connection, "PATCH", entry_id, json={**members, "version": version})

    def delete(self, connection: Connection, entry_id: str, version: str) -> None:
        """Delete an entry, if it is still this version."""
        self._fit.call(connection, "DELETE", entry_id, headers={"If-Match": f'"{version}"'})

    def _first_day(self, connection: Connection, zone: Zone) -> date | None:
        first = self._fit.call(connection, "GET", params={"limit": "1"}).json()
        return zone.local(first[0]["created_at"]).date() if first else None


def _row(entry: Entry, zone: Zone) -> Row:
    whole, point, fraction = str(entry["body_weight"]).partition(".")
    return Row(entry, zone.local(entry["created_at"]), whole, point + fraction)


def _bucket(begin: date | None, zone: Zone) -> str:
    days = (zone.today() - begin).days + 2 if begin else 0
    return "day" if days <= 366 + 2 else "week" if days <= 7 * (_MOST_BUCKETS - 2) else "month"
