"""Here are the apps that may do something in a person's name, a page at a time, the latest first."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from sqlalchemy import ColumnElement, func, literal, select, tuple_

from auth_service.models.client import Client
from auth_service.models.grant import GrantRecord
from auth_service.storage.clients import registered
from auth_service.storage.database import Database
from auth_service.storage.grant_records import unexpired
from auth_service.storage.grants import GrantStore

SHOWN = 20
"""A page has so many apps."""
_LOOKS = 10
"""A page looks at so many times as many apps at most: those whose grants all ran out unused are not shown."""
_PLACE = re.compile(r"([0-9]{1,16})\.(.{1,255})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """A page ends there: at the app's newest grant, and the app."""

    connected: datetime
    client_id: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read what `str` made, or return None."""
        found = _PLACE.fullmatch(text)
        return cls(_EPOCH + timedelta(microseconds=int(found[1])), found[2]) if found else None

    def __str__(self) -> str:
        return f"{(self.connected - _EPOCH) // timedelta(microseconds=1)}.{self.client_id}"


@dataclass(slots=True)
class ConnectedApp:
    """One client may do this for one person: usually by one grant, by several if they connected it several times."""

    client: Client
    since: datetime
    last_used: datetime
    until: datetime
    """It ends then at the latest."""
    last_grant: str
    """This grant of it was used last."""
    program: str = ""
    network: str = ""
    """It was last used by this program and from there; empty if that isn't known."""
    scopes: set[str] = field(default_factory=set)


class ConnectedAppStore:
    """It reads grants in SQL, and in Redis which of them live. Raises redis.RedisError."""

    def __init__(self, database: Database, grants: GrantStore) -> None:
        self._database = database
        self._grants = grants

    def page(self, account_id: str, before: Place | None) -> tuple[list[ConnectedApp], Place | None]:
        """Return the apps that were connected before that place, and where the next page begins if there may be one."""
        shown, older = self._page(account_id, before)
        last_uses = self._grants.last_uses([app.last_grant for app in shown])
        for app in shown:
            if (use := last_uses.get(app.last_grant)) is not None:
                app.program, app.network = use.program, use.network
        return shown, older

    def _page(self, account_id: str, before: Place | None) -> tuple[list[ConnectedApp], Place | None]:
        shown: list[ConnectedApp] = []
        for _ in range(_LOOKS):
            looked_at = self._look(account_id, before)
            for place, app in looked_at:
                if app is not None and len(shown) == SHOWN:
                    return shown, before
                shown += [app] if app else []
                before = place
            if len(looked_at) <= SHOWN:
                return shown, None
        return shown, before

    def _look(self, account_id: str, before: Place | None) -> list[tuple[Place, ConnectedApp | None]]:
        """Return one more app than a page has, or all that are left; None for one whose grants don't live."""
        with self._database.reading() as session:
            rows = session.execute(_rows(account_id, before)).all()
        last_used = self._grants.last_used([row.id for row in rows])
        apps: dict[Place, ConnectedApp | None] = {}
        for row in rows:
            place = Place(row.newest, row.Client.client_id)
            app = apps.setdefault(place, None)
            if row.id not in last_used:  # it ran out unused, or its code was never exchanged
                continue
            used = datetime.fromtimestamp(last_used[row.id], UTC)
            if app is None:
                app = apps[place] = ConnectedApp(row.Client, row.created_at, used, row.expires_at, row.id)
            if used > app.last_used:
                app.last_used, app.last_grant = used, row.id
            app.since, app.until = min(app.since, row.created_at), max(app.until, row.expires_at)
            app.scopes.update(row.scopes)
        return list(apps.items())


def _rows(account_id: str, before: Place | None) -> Any:
    """Ask with one query for the grants of a page's apps, with the apps."""
    current = (GrantRecord.account_id == account_id, GrantRecord.revoked_at.is_(None), unexpired())
    newest = func.max(GrantRecord.created_at)
    apps = (
        select(GrantRecord.client_id, newest.label("newest"))
        .join(Client, Client.client_id == GrantRecord.client_id)
        .where(*current, registered())
        .group_by(GrantRecord.client_id)
        .order_by(newest.desc(), GrantRecord.client_id.desc())
        .limit(SHOWN + 1)
    )
    if before is not None:
        apps = apps.having(_is_before(newest, before))
    page = apps.subquery()
    grant = (GrantRecord.id, GrantRecord.scopes, GrantRecord.created_at, GrantRecord.expires_at)
    return (
        select(*grant, page.c.newest, Client)
        .join(page, page.c.client_id == GrantRecord.client_id)
        .join(Client, Client.client_id == page.c.client_id)
        .where(*current)
        .order_by(page.c.newest.desc(), page.c.client_id.desc())
    )


def _is_before(newest: ColumnElement[datetime], place: Place) -> ColumnElement[bool]:
    connected = literal(place.connected, GrantRecord.created_at.type)
    return tuple_(newest, GrantRecord.client_id) < tuple_(connected, literal(place.client_id))
