"""Resource servers and the scopes they own, in SQL."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import inspect, select
from sqlalchemy.exc import IntegrityError

from auth_service.models.resource_server import Resources, ResourceServer, Scope
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
        self._cache: TtlCache[None, _Known] = TtlCache(self._read)

    def recall(self, name: str) -> ResourceServer | None:
        """The resource server of this name as it was at most a second ago: introspection is that frequent."""
        return self._known().servers.get(name)

    def find(self, name: str) -> ResourceServer | None:
        """The resource server of this name."""
        with self._database.reading() as session:
            return session.get(ResourceServer, name)

    def all(self) -> list[ResourceServer]:
        """Every resource server with its scopes as it was at most a second ago, the built-in one in front."""
        return [self._built_in, *self.registered()]

    def registered(self) -> list[ResourceServer]:
        """Those that were registered. At the built-in one, only people have anything, not clients for themselves."""
        return list(self._known().servers.values())

    def resources(self) -> Resources:
        """What a person may grant, as it was at most a second ago: the built-in resource too."""
        return self._known().resources

    def resources_of_clients(self) -> Resources:
        """What a client may have for itself. At the built-in resource and at fronts, only people have anything."""
        return self._known().of_clients

    def each(self, *, after: str | None = None) -> Iterator[list[ResourceServer]]:
        """Those that were registered, as they are now, in portions by their names: those behind `after`."""
        return in_portions(self._database, ResourceServer, by=(ResourceServer.name,), after=after)

    def scopes(self) -> dict[str, Scope]:
        """Every scope by its name."""
        with self._database.reading() as session:
            registered = session.scalars(select(Scope).order_by(Scope.name))
            return {scope.name: scope for scope in (*self._built_in.scopes, *registered)}

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
                raise NotFoundError("resource server", name)
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
                raise NotFoundError("resource server", server.name)
            if (present.resource, *_names(present)) != (server.resource, *_names(server)):
                return False
            session.delete(present)
            session.add(SecurityEvent(kind=EventKind.RESOURCE_SERVER_DELETED, client_id=server.name))
        self._cache.forget(None)
        return True

    def _known(self) -> "_Known":
        known = self._cache.get(None)
        assert known is not None  # what `_read` returns always is something
        return known

    def _read(self, _: None) -> "_Known":
        with self._database.reading() as session:
            servers = list(session.scalars(select(ResourceServer).order_by(ResourceServer.name)))
        return _Known(
            {server.name: server for server in servers},
            Resources.of([self._built_in, *servers]),
            Resources.of(server for server in servers if not server.is_front),
        )


@dataclass(frozen=True, slots=True)
class _Known:
    servers: Mapping[str, ResourceServer]
    resources: Resources
    of_clients: Resources


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
