"""Clients in SQL. A deleted one is kept for the record and never found."""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from auth_service.models.base import now
from auth_service.models.client import Client
from auth_service.models.grant import GrantRecord
from auth_service.models.secret import new_secret, secret_digest
from auth_service.models.tokens import RevokedBecause
from auth_service.storage.database import Database
from auth_service.storage.errors import AlreadyExistsError, NotFoundError
from auth_service.storage.grant_records import mark_revoked


class ClientStore:
    """Reads and writes clients."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, client: Client, audience: tuple[str, ...]) -> None:
        """Add a client with its own grant. Raises AlreadyExistsError, also for a deleted one's id: none is reused."""
        own_grant = GrantRecord(
            id=client.own_grant_id, client_id=client.client_id, scopes=client.scopes, audience=audience
        )
        try:
            with self._database.writing() as session:
                session.add(client)
                session.flush()
                session.add(own_grant)
        except IntegrityError:
            raise AlreadyExistsError(f"there is, or was, a client {client.client_id}") from None

    def find(self, client_id: str) -> Client | None:
        """The client with this id."""
        with self._database.reading() as session:
            return session.scalar(select(Client).where(Client.client_id == client_id, Client.deleted_at.is_(None)))

    def get(self, client_id: str) -> Client:
        """The client with this id. Raises NotFoundError."""
        client = self.find(client_id)
        if client is None:
            raise NotFoundError(f"there is no client {client_id}")
        return client

    def all(self) -> list[Client]:
        """Every client, the oldest first."""
        with self._database.reading() as session:
            query = select(Client).where(Client.deleted_at.is_(None)).order_by(Client.created_at, Client.client_id)
            return list(session.scalars(query))

    def update(self, client: Client, audience: tuple[str, ...]) -> None:
        """Write back what was changed on a loaded client."""
        with self._database.writing() as session:
            session.merge(client)
            own_grant = session.get_one(GrantRecord, client.own_grant_id)
            own_grant.scopes, own_grant.audience = client.scopes, audience

    def rotate_secret(self, client_id: str, overlap: int) -> str:
        """Give the client a new secret; the old one stays valid for `overlap` seconds. Raises NotFoundError."""
        self.get(client_id)
        secret = new_secret()
        with self._database.writing() as session:
            session.get_one(Client, client_id).replace_secret(secret_digest(secret), overlap)
        return secret

    def delete(self, client_id: str) -> list[GrantRecord]:
        """Refuse the client from now on and end every grant it has, its own included. Returns the grants that ended."""
        with self._database.writing() as session:
            session.get_one(Client, client_id).deleted_at = now()
            return mark_revoked(session, GrantRecord.client_id == client_id, RevokedBecause.CLIENT_DELETED)
