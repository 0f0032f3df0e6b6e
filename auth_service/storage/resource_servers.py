"""Resource servers and the scopes they own, in SQL."""

from collections.abc import Collection, Iterator

from sqlalchemy import inspect, select
from sqlalchemy.exc import IntegrityError

from auth_service.models.resource_server import ResourceServer, Scope
from auth_service.models.secret import new_secret, secret_digest
from auth_service.models.security_event import EventKind, SecurityEvent
from auth_service.storage.database import Database
from auth_service.storage.errors import AlreadyExistsError, NotFoundError
from auth_service.storage.portions import in_portions
from auth_service.storage.ttl_cache import TtlCache


class ResourceServerStore:
    """Who may introspect, and what each scope means to whom."""

    def __init__(self, database: Database, built_in: ResourceServer) -> None:
        self._database = database
        self._built_in = built_in
        """The authorization server itself, where it protects a resource of its own. It is in no table."""
        self._cache: TtlCache[None, dict[str, ResourceServer]] = TtlCache(self._read)

    def recall(self, name: str) -> ResourceServer | None:
        """The resource server of this name as it was at most a second ago: introspection is that frequent."""
        return self._registered().get(name)

    def find(self, name: str) -> ResourceServer | None:
        """The resource server of this name."""
        with self._database.reading() as session:
            return session.get(ResourceServer, name)

    def all(self) -> list[ResourceServer]:
        """Every resource server with its scopes as it was at most a second ago, the built-in one in front."""
        return [self._built_in, *self.registered()]

    def registered(self) -> list[ResourceServer]:
        """Those that were registered. At the built-in one, only people have anything, not clients for themselves."""
        return list(self._registered().values())

    def each(self, *, after: str | None = None) -> Iterator[list[ResourceServer]]:
        """Those that were registered, as they are now, in portions by their names: those behind `after`."""
        return in_portions(self._database, ResourceServer, by=(ResourceServer.name,), after=after)

    def scopes(self) -> dict[str, Scope]:
        """Every scope by its name."""
        with self._database.reading() as session:
            registered = session.scalars(select(Scope).order_by(Scope.name))
            return {scope.name: scope for scope in (*self._built_in.scopes, *registered)}

    def owners(self, scopes: Collection[str]) -> tuple[str, ...]:
        """The resource servers of these scopes, as audiences of tokens."""
        return tuple(server.resource for server in self.all() if {scope.name for scope in server.scopes} & set(scopes))

    def save(
        self,
        name: str,
        resource: str,
        digest: str,
        descriptions: dict[str, str],
        checks_dpop_proofs: bool = False,
        *,
        new: bool,
        overlap: int = 0,
    ) -> None:
        """Register a resource server, or (unless `new`) bring the one of this name to exactly this state.

        A secret that is replaced, by one with this `digest`, stays valid for `overlap` seconds.

        Raises AlreadyExistsError: the name, the resource or one of the scopes belongs to another.
        """
        taken = AlreadyExistsError(
            f"the resource {resource} or one of the scopes {', '.join(descriptions)} belongs to another server"
        )
        if resource == self._built_in.resource or any(scope.name in descriptions for scope in self._built_in.scopes):
            raise taken
        try:
            with self._database.writing() as session:
                server = session.get(ResourceServer, name, with_for_update=True)
                if server is not None and new:
                    raise AlreadyExistsError(f"there is already a resource server {name}")
                is_new = server is None
                if server is None:
                    server = ResourceServer(name=name)
                    session.add(server)
                server.resource, server.checks_dpop_proofs = resource, checks_dpop_proofs
                described = {scope.name: scope.description for scope in server.scopes}
                server.replace_secret(digest, overlap)
                kept = {scope.name: scope for scope in server.scopes if scope.name in descriptions}
                for scope_name, description in descriptions.items():
                    kept.setdefault(scope_name, Scope(name=scope_name)).description = description
                server.scopes = list(kept.values())
                session.add_all(_changes(server, is_new=is_new, other_scopes=described != descriptions))
        except IntegrityError:
            raise taken from None
        self._cache.forget(None)

    def rotate_secret(self, name: str, overlap: int) -> str:
        """Give the server a new secret; the old one stays valid for `overlap` seconds. Raises NotFoundError."""
        secret = new_secret()
        with self._database.writing() as session:
            server = session.get(ResourceServer, name, with_for_update=True)
            if server is None:
                raise NotFoundError(f"there is no resource server {name}")
            server.replace_secret(secret_digest(secret), overlap)
            session.add(SecurityEvent(kind=EventKind.RESOURCE_SERVER_SECRET_ROTATED, client_id=name))
        self._cache.forget(None)
        return secret

    def delete(self, server: ResourceServer) -> bool:
        """Refuse the server from now on and forget it, its scopes and what it had to acknowledge.

        False, and nothing was changed, if its resource or scopes are others by now. Raises NotFoundError.
        """
        with self._database.writing() as session:
            present = session.get(ResourceServer, server.name, with_for_update=True)
            if present is None:
                raise NotFoundError(f"there is no resource server {server.name}")
            if (present.resource, *_names(present)) != (server.resource, *_names(server)):
                return False
            session.delete(present)
            session.add(SecurityEvent(kind=EventKind.RESOURCE_SERVER_DELETED, client_id=server.name))
        self._cache.forget(None)
        return True

    def _registered(self) -> dict[str, ResourceServer]:
        return self._cache.get(None) or {}

    def _read(self, _: None) -> dict[str, ResourceServer]:
        with self._database.reading() as session:
            servers = session.scalars(select(ResourceServer).order_by(ResourceServer.name))
            return {server.name: server for server in servers}


def _names(server: ResourceServer) -> list[str]:
    return sorted(scope.name for scope in server.scopes)


def _changes(server: ResourceServer, *, is_new: bool, other_scopes: bool) -> Iterator[SecurityEvent]:
    """Say what is being written of it."""
    if is_new:
        yield SecurityEvent(kind=EventKind.RESOURCE_SERVER_CREATED, client_id=server.name)
        return
    written = inspect(server).attrs
    if written["secret_digest"].history.has_changes():
        yield SecurityEvent(kind=EventKind.RESOURCE_SERVER_SECRET_ROTATED, client_id=server.name)
    columns = ("resource", "checks_dpop_proofs")
    changed = {**{name: written[name].history.has_changes() for name in columns}, "scopes": other_scopes}
    if names := ", ".join(name for name, is_changed in changed.items() if is_changed):
        yield SecurityEvent(kind=EventKind.RESOURCE_SERVER_CHANGED, client_id=server.name, detail=names)
