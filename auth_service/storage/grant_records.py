"""Grants have a durable record in SQL, committed before a code is handed out and before an end is announced."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.orm import Session

from auth_service.models.account import Account
from auth_service.models.base import now
from auth_service.models.client import Client
from auth_service.models.grant import GrantRecord
from auth_service.models.security_event import EventKind, SecurityEvent
from auth_service.models.tokens import RevokedBecause
from auth_service.storage import consents
from auth_service.storage.database import Database
from auth_service.storage.portions import AT_ONCE, in_portions

_GOOD_GRANT = (
    select(
        GrantRecord.client_id,
        Account.id,
        Account.username,
        GrantRecord.scopes,
        GrantRecord.audience,
        Client.scopes.label("allowed"),
    )
    .join(Account, Account.id == GrantRecord.account_id)
    .join(Client, Client.client_id == GrantRecord.client_id)
    .where(
        GrantRecord.id == bindparam("grant_id"),
        GrantRecord.revoked_at.is_(None),
        Account.disabled_at.is_(None),
        Client.deleted_at.is_(None),
    )
)


class GoodGrant(NamedTuple):
    """A grant is still allowed, and its tokens carry these names."""

    grant_id: str
    client_id: str
    account_id: str
    username: str
    scopes: tuple[str, ...]
    audience: tuple[str, ...]


class GrantRecordStore:
    """It writes what was allowed, finds what is still allowed, and marks what was ended."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._find_good = database.question(_GOOD_GRANT)

    def add(self, record: GrantRecord, *, session_epoch: int, withdrawals: int | None, remember: bool = False) -> bool:
        """Commit a person's new grant, unless what they decided on has changed since they were asked: then False.

        They decided in a browser session of `session_epoch`, and had taken back something from this client
        `withdrawals` times when they were asked (None: nobody knows). Whoever ends or takes something holds the
        account's or the client's row meanwhile, so one of the two comes first. `remember` spares them the question next
        time. A client that registered itself is in use from now on and doesn't run out any more.
        """
        account_id, client_id = record.account_id, record.client_id
        assert account_id is not None
        decides = select(Account.id).where(
            Account.id == account_id, Account.session_epoch == session_epoch, Account.disabled_at.is_(None)
        )
        client = select(Client).where(Client.client_id == client_id, Client.deleted_at.is_(None))
        with self._database.writing() as session:
            if session.scalar(decides.with_for_update(read=True)) is None:
                return False
            if consents.withdrawals(session, account_id, client_id) != withdrawals:
                return False
            used = update(Client).where(Client.client_id == client_id, Client.unused_until.is_not(None))
            session.execute(used.values(unused_until=None))
            asking = session.scalar(client.with_for_update(read=True))
            if asking is None or not set(record.scopes) <= set(asking.scopes):
                session.rollback()  # a client that nobody used yet still runs out
                return False
            if remember:
                consents.remember(session, account_id, client_id, record.scopes)
            session.add(record)
            session.add(_event(EventKind.GRANT_CREATED, record, " ".join(record.scopes)[:200]))
            return True

    def find(self, grant_id: str) -> GrantRecord | None:
        """Return the record, whatever became of the grant."""
        with self._database.reading() as session:
            return session.get(GrantRecord, grant_id)

    def find_good(self, grant_id: str) -> GoodGrant | None:
        """Return the grant if it, its account and its client are all still good: by one query.

        It allows nothing that its client may not ask for any more.
        """
        rows = self._find_good.rows(grant_id=grant_id)
        if not rows:
            return None
        client_id, account_id, username, granted, audience, allowed = rows[0]
        scopes = tuple(scope for scope in granted if scope in allowed)
        return GoodGrant(grant_id, client_id, account_id, username, scopes, audience) if scopes else None

    def count_living(self) -> int:
        """Count the grants of people that were neither ended nor are past their end. It reads the whole table."""
        living = (GrantRecord.account_id.is_not(None), GrantRecord.revoked_at.is_(None), unexpired())
        with self._database.reading() as session:
            return session.scalar(select(func.count()).select_from(GrantRecord).where(*living)) or 0

    def current(
        self, *, account_id: str | None = None, client_id: str | None = None, after: str | None = None
    ) -> Iterator[list[GrantRecord]]:
        """Return grants that were not ended, of one account or one client or both, in portions by their ids.

        They begin behind the id `after`.
        """
        whose = (*of(account_id, client_id), GrantRecord.revoked_at.is_(None), unexpired())
        return in_portions(self._database, GrantRecord, *whose, by=(GrantRecord.id,), after=after)

    def narrow(
        self,
        grant_id: str,
        scopes: Collection[str],
        audience_of: Callable[[tuple[str, ...]], tuple[str, ...]],
        because: RevokedBecause,
    ) -> GrantRecord | None:
        """Commit that a person's grant allows no more than these scopes, and forget that they allowed the others.

        Where none is left, the grant is ended. `audience_of` says who owns what is left.
        """
        with self._database.writing() as session:
            account_id = session.scalar(select(GrantRecord.account_id).where(GrantRecord.id == grant_id))
            if account_id is None:
                return None
            _hold(session, account_id)
            record = session.get_one(GrantRecord, grant_id, with_for_update=True)
            taken = tuple(scope for scope in record.scopes if scope not in scopes)
            if record.revoked_at is None and taken:
                _narrow(session, [record], scopes, audience_of, because, now())
                consents.forget(session, account_id, record.client_id, taken)
                consents.count_withdrawal(session, account_id, record.client_id)
            return record

    def mark_revoked(self, grant_id: str, because: RevokedBecause) -> GrantRecord | None:
        """Commit the end of a grant. An end that was recorded before keeps its time and its reason."""
        with self._database.writing() as session:
            mark_revoked(session, GrantRecord.id == grant_id, because)
            return session.get(GrantRecord, grant_id)

    def mark_app_revoked(self, account_id: str, client_id: str, because: RevokedBecause) -> datetime:
        """Commit the end of everything that a person allowed a client, and forget that they did; when that was."""
        with self._database.writing() as session:
            _hold(session, account_id)
            ours = and_(GrantRecord.account_id == account_id, GrantRecord.client_id == client_id)
            ended, at = mark_revoked(session, ours, because)
            if consents.forget(session, account_id, client_id) or ended:
                consents.count_withdrawal(session, account_id, client_id)
            return at


def of(account_id: str | None, client_id: str | None) -> tuple[ColumnElement[bool], ...]:
    """Select grants of one account, of one client, of both, or of anybody."""
    given = ((GrantRecord.account_id, account_id), (GrantRecord.client_id, client_id))
    return tuple(column == value for column, value in given if value is not None)


def unexpired() -> ColumnElement[bool]:
    """Select grants that did not run out."""
    return or_(GrantRecord.expires_at.is_(None), GrantRecord.expires_at > now())


def narrow_those_of(
    session: Session,
    client_id: str,
    scopes: Collection[str],
    audience_of: Callable[[tuple[str, ...]], tuple[str, ...]],
    because: RevokedBecause,
    at: datetime,
) -> None:
    """Within a transaction, leave a client's grants from people no more than these scopes; without any, end them.

    In portions, as `mark_revoked` does.
    """
    whose = (GrantRecord.client_id == client_id, GrantRecord.account_id.is_not(None))
    living = select(GrantRecord.id, GrantRecord).where(*whose, GrantRecord.revoked_at.is_(None), unexpired())
    for rows in _held(session, living):
        wider = [row.GrantRecord for row in rows if not set(row.GrantRecord.scopes) <= set(scopes)]
        _narrow(session, wider, scopes, audience_of, because, at)


def mark_revoked(session: Session, which: ColumnElement[bool], because: RevokedBecause) -> tuple[int, datetime]:
    """Within a transaction, end the grants that were not ended before: how many there were, and when they ended.

    In portions: then each statement is short enough for PostgreSQL, which gives up long ones, and for memory.
    """
    count, at = 0, now()
    named = select(GrantRecord.id, GrantRecord.account_id, GrantRecord.client_id)
    for rows in _held(session, named.where(which, GrantRecord.revoked_at.is_(None))):
        ours = update(GrantRecord).where(GrantRecord.id.in_([row.id for row in rows]))
        session.execute(ours.values(revoked_at=at, revoked_because=because))
        more = {"kind": EventKind.GRANT_REVOKED, "detail": because}
        names = ({"grant_id": row.id, "account_id": row.account_id, "client_id": row.client_id} for row in rows)
        session.execute(insert(SecurityEvent), [{**each, **more} for each in names])
        count += len(rows)
    return count, at


def _held(session: Session, which: Select[*tuple[Any, ...]]) -> Iterator[Sequence[Row[*tuple[Any, ...]]]]:
    """Return grants, in portions by their ids, that nobody else changes until the transaction ends.

    Who has to wait for a row may get fewer than there are: so only the empty portion is the last.
    """
    held = which.order_by(GrantRecord.id).limit(AT_ONCE).with_for_update()
    last = ""
    while rows := session.execute(held.where(GrantRecord.id > last)).all():
        yield rows
        session.flush()
        last = rows[-1].id


def _narrow(
    session: Session,
    records: Sequence[GrantRecord],
    scopes: Collection[str],
    audience_of: Callable[[tuple[str, ...]], tuple[str, ...]],
    because: RevokedBecause,
    at: datetime,
) -> None:
    """Leave these grants no more than these scopes; end those without any. `audience_of` says who owns which scopes.

    A front owns none and stays.
    """
    for record in records:
        left = tuple(scope for scope in record.scopes if scope in scopes)
        if not left:
            record.revoked_at, record.revoked_because = at, because
            session.add(_event(EventKind.GRANT_REVOKED, record, because))
            continue
        lost = set(audience_of(record.scopes)) - set(audience_of(left))
        record.scopes, record.narrowed_at = left, at
        record.audience = tuple(resource for resource in record.audience if resource not in lost)
        session.add(_event(EventKind.GRANT_NARROWED, record, " ".join(left)[:200]))


def _hold(session: Session, account_id: str) -> None:
    """See to it that nobody records a decision of this person until the transaction ends."""
    session.execute(select(Account.id).where(Account.id == account_id).with_for_update(key_share=True))


def _event(kind: EventKind, record: GrantRecord, detail: str) -> SecurityEvent:
    return SecurityEvent(
        kind=kind, account_id=record.account_id, client_id=record.client_id, grant_id=record.id, detail=detail
    )
