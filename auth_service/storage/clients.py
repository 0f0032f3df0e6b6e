"""Clients are in SQL. A deleted one is kept for the record and never found; one that nobody ever used runs out."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, delete, inspect, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstanceState, Session

from auth_service.models.base import now
from auth_service.models.client import Client
from auth_service.models.consent import Consent
from auth_service.models.grant import GrantRecord
from auth_service.models.security_event import EventKind, SecurityEvent
from auth_service.models.tokens import RevokedBecause
from auth_service.storage.database import Database
from auth_service.storage.errors import AlreadyExistsError, NameSettledError, NotFoundError
from auth_service.storage.grant_records import mark_revoked, narrow_those_of
from auth_service.storage.initial_access_tokens import spend_initial_access_token
from auth_service.storage.portions import in_portions
from auth_service.storage.ttl_cache import TtlCache

_UNUSED_KEPT = timedelta(hours=1)
_REMOVED_AT_ONCE = 100
_OF_THEIR_OWN = {
    "secret_digest": EventKind.CLIENT_SECRET_ROTATED,
    "jwks": EventKind.CLIENT_KEYS_REPLACED,
}
_NOT_NAMED = {*_OF_THEIR_OWN, "previous_secret_digest", "previous_secret_expires_at", "document_fresh_until"}


def registered(at: BindParameter[datetime] | None = None) -> ColumnElement[bool]:
    """Select those that can be found: now, or at a moment that the query is given."""
    moment = now() if at is None else at
    return and_(Client.deleted_at.is_(None), or_(Client.unused_until.is_(None), Client.unused_until > moment))


_TO_LOOK_AT = select(*Client.__table__.c).where(
    Client.client_id == bindparam("client_id"), registered(at=bindparam("now"))
)


class ClientStore:
    """It reads and writes clients."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cache = TtlCache(self._look_at)

    def create(self, client: Client, audience: tuple[str, ...]) -> None:
        """Add a client with its own grant. Raises AlreadyExistsError, also for a deleted one's id: none is reused."""
        try:
            with self._database.writing() as session:
                _add(session, client, audience)
                session.add(SecurityEvent(kind=EventKind.CLIENT_CREATED, client_id=client.client_id))
        except IntegrityError:
            raise AlreadyExistsError(f"there is, or was, a client {client.client_id}") from None

    def register(self, client: Client, audience: tuple[str, ...], initial_access_token: str | None) -> bool:
        """Add a client that registers itself and spend the token with which it may, if it needs one.

        False, and nothing was added: the token is not good. Clients that ran out unused make room.
        """
        with self._database.writing() as session:
            token_id = None
            if initial_access_token is not None:
                token_id = spend_initial_access_token(session, initial_access_token)
                if token_id is None:
                    return False
            _remove_unused(session)
            _add(session, client, audience)
            session.add(SecurityEvent(kind=EventKind.CLIENT_REGISTERED, client_id=client.client_id, detail=token_id))
        return True

    def register_document(self, client: Client, audience: tuple[str, ...]) -> bool:
        """Add a client that a document describes, or again one that ran out. False if an operator deleted it.

        If it has been added meanwhile, it stays as it is.
        """
        try:
            with self._database.writing() as session:
                _remove_unused(session)
                former = session.get(Client, client.client_id, with_for_update=True)
                if former is not None and former.deleted_at is not None:
                    return False
                if former is not None:
                    session.execute(delete(GrantRecord).where(GrantRecord.client_id == client.client_id))
                    session.delete(former)
                    session.flush()
                _add(session, client, audience)
                session.add(SecurityEvent(kind=EventKind.CLIENT_REGISTERED, client_id=client.client_id))
        except IntegrityError:
            pass
        self._cache.forget(client.client_id)
        return True

    def recall(self, client_id: str) -> Client | None:
        """Return the client with this id as it was at most a second ago. It must not be changed."""
        return self._cache.get(client_id)

    def _look_at(self, client_id: str) -> Client | None:
        """Look it up as `find` does, at a third of the cost: no session will know of the client."""
        row = self._database.row(_TO_LOOK_AT, client_id=client_id, now=now())
        return Client(**row._mapping) if row else None

    def find(self, client_id: str) -> Client | None:
        """Return the client with this id."""
        if not (client_id.isascii() and client_id.isprintable()):
            return None  # no client is called so, and PostgreSQL can't even be asked for a NUL
        with self._database.reading() as session:
            return session.scalar(select(Client).where(Client.client_id == client_id, registered()))

    def was_deleted(self, client_id: str) -> bool:
        """Say whether there was a client with this id, which an operator deleted."""
        with self._database.reading() as session:
            query = select(Client.client_id).where(Client.client_id == client_id, Client.deleted_at.is_not(None))
            return session.scalar(query) is not None

    def get(self, client_id: str) -> Client:
        """Return the client with this id. Raises NotFoundError."""
        client = self.find(client_id)
        if client is None:
            raise NotFoundError("client", client_id)
        return client

    def all(self, *, after: str | None = None, name_contains: str = "") -> Iterator[list[Client]]:
        """Return clients, in portions by their ids: those behind `after`, with these letters in the name."""
        named = (Client.name.icontains(name_contains, autoescape=True),) if name_contains else ()
        return in_portions(self._database, Client, registered(), *named, by=(Client.client_id,), after=after)

    def names(self, client_ids: Collection[str]) -> dict[str, str]:
        """Return what people are told of these clients' names by their ids, also of those that were deleted."""
        with self._database.reading() as session:
            clients = session.scalars(select(Client).where(Client.client_id.in_(client_ids)))
            return {client.client_id: client.told_name for client in clients}

    def names_by_operators(self) -> list[str]:
        """Return the names of the clients that operators registered."""
        with self._database.reading() as session:
            query = select(Client.name).where(registered(), Client.registration_token_digest.is_(None))
            query = query.where(Client.document_fresh_until.is_(None))
            return list(session.scalars(query))

    def change(
        self,
        client_id: str,
        apply: Callable[[Client], None],
        audience_of: Callable[[tuple[str, ...]], tuple[str, ...]],
        because: RevokedBecause,
    ) -> tuple[Client, datetime | None]:
        """Apply a change to the client as it is now, while nobody else changes it; write what that changed and no more.

        What it may no longer ask for, its grants lose in the same transaction: when that was is returned too.
        `audience_of` says who owns which scopes.

        Raises, and changes nothing:
            NotFoundError: there is none, or it was deleted meanwhile.
            NameSettledError: it registered itself, and can't change its name any more.
            whatever `apply` raises.
        """
        with self._database.writing() as session:
            found = select(Client).where(Client.client_id == client_id, registered())
            client = session.scalar(found.with_for_update(key_share=True))
            if client is None:
                raise NotFoundError("client", client_id)
            name, scopes = client.name, client.scopes
            apply(client)
            settled = client.registration_token_digest is not None and client.unused_until is None
            if settled and client.name != name:
                raise NameSettledError
            session.add_all(_changes(client))
            own_grant = session.get_one(GrantRecord, client.own_grant_id)
            own_grant.scopes, own_grant.audience = client.scopes, audience_of(client.scopes)
            taken = set(scopes) - set(client.scopes)
            narrowed = _take(session, client, taken, audience_of, because) if taken else None
        self._cache.forget(client_id)
        return client, narrowed

    def delete(self, client_id: str) -> datetime:
        """Refuse the client from now on and end every grant it has, its own included. Returns when they ended."""
        with self._database.writing() as session:
            session.get_one(Client, client_id).deleted_at = now()
            session.add(SecurityEvent(kind=EventKind.CLIENT_DELETED, client_id=client_id))
            _, ended = mark_revoked(session, GrantRecord.client_id == client_id, RevokedBecause.CLIENT_DELETED)
        self._cache.forget(client_id)
        return ended


def _changes(client: Client) -> Iterator[SecurityEvent]:
    """Say what was changed and not written yet: members by their names, secrets and keys each by an event."""
    state: InstanceState[Client] = inspect(client)
    changed = [name for name, member in state.attrs.items() if member.history.has_changes()]
    for member, kind in _OF_THEIR_OWN.items():
        if member in changed:
            yield SecurityEvent(kind=kind, client_id=client.client_id)
    others = ", ".join(sorted(member for member in changed if member not in _NOT_NAMED))
    if others:
        yield SecurityEvent(kind=EventKind.CLIENT_CHANGED, client_id=client.client_id, detail=others[:200])


def _add(session: Session, client: Client, audience: tuple[str, ...]) -> None:
    session.add(client)
    session.flush()
    session.add(
        GrantRecord(id=client.own_grant_id, client_id=client.client_id, scopes=client.scopes, audience=audience)
    )


def _take(
    session: Session,
    client: Client,
    taken: Collection[str],
    audience_of: Callable[[tuple[str, ...]], tuple[str, ...]],
    because: RevokedBecause,
) -> datetime:
    """Narrow all grants of a client that may ask for less from now on, its own too; when that was. People are asked
    again for more.
    """
    at = now()
    client.narrowings += 1
    own_grant = session.get_one(GrantRecord, client.own_grant_id)
    own_grant.narrowed_at = at
    narrow_those_of(session, client.client_id, client.scopes, audience_of, because, at)
    session.execute(delete(Consent).where(Consent.client_id == client.client_id, Consent.scope.in_(taken)))
    return at


def _remove_unused(session: Session) -> None:
    """Remove some that ran out, none that was in use a moment ago. Nothing refers to them but their own grants."""
    ran_out = select(Client.client_id).where(Client.unused_until < now() - _UNUSED_KEPT).limit(_REMOVED_AT_ONCE)
    unused = list(session.scalars(ran_out.with_for_update()))
    session.execute(delete(GrantRecord).where(GrantRecord.client_id.in_(unused)))
    session.execute(delete(Client).where(Client.client_id.in_(unused)))
