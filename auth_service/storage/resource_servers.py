"""Resource servers and the scopes they own, in SQL."""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from auth_service.models.resource_server import ResourceServer, Scope
from auth_service.storage.database import Database
from auth_service.storage.errors import AlreadyExistsError


class ResourceServerStore:
    """Who may introspect, and what each scope means to whom."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, name: str) -> ResourceServer | None:
        """The resource server of this name."""
        with self._database.reading() as session:
            return session.get(ResourceServer, name)

    def all(self) -> list[ResourceServer]:
        """Every resource server with its scopes."""
        with self._database.reading() as session:
            return list(session.scalars(select(ResourceServer).order_by(ResourceServer.name)))

    def scopes(self) -> dict[str, Scope]:
        """Every scope by its name."""
        with self._database.reading() as session:
            return {scope.name: scope for scope in session.scalars(select(Scope).order_by(Scope.name))}

    def save(self, name: str, resource: str, secret_digest: str, descriptions: dict[str, str], *, new: bool) -> None:
        """Register a resource server, or (unless `new`) bring the one of this name to exactly this state.

        Raises AlreadyExistsError: the name, the resource or one of the scopes belongs to another.
        """
        try:
            with self._database.writing() as session:
                server = session.get(ResourceServer, name)
                if server is not None and new:
                    raise AlreadyExistsError(f"there is already a resource server {name}")
                if server is None:
                    server = ResourceServer(name=name)
                    session.add(server)
                server.resource, server.secret_digest = resource, secret_digest
                kept = {scope.name: scope for scope in server.scopes if scope.name in descriptions}
                for scope_name, description in descriptions.items():
                    kept.setdefault(scope_name, Scope(name=scope_name)).description = description
                server.scopes = list(kept.values())
        except IntegrityError:
            raise AlreadyExistsError(
                f"the resource {resource} or one of the scopes {', '.join(descriptions)} belongs to another server"
            ) from None
