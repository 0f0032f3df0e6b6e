"""A resource server is an API that is protected by our tokens, and owns scopes or stands in front of those that do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from auth_service.models.base import Base, UtcDateTime, now
from auth_service.models.secret import SecretHolder


class ResourceServer(Base, SecretHolder):
    """It may introspect the tokens whose audience it is. It is no client, and can't get tokens with its credentials."""

    __tablename__ = "resource_servers"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    """It is its user name at /introspect too."""
    resource: Mapped[str] = mapped_column(String(255), unique=True)
    """It is its identifier on the wire: an audience, a `resource` parameter (RFC 8707)."""
    secret_digest: Mapped[str] = mapped_column(String(64))
    checks_dpop_proofs: Mapped[bool] = mapped_column(default=False)
    """It asks who brings a token that is bound to a key for a proof (RFC 9449 §7). At any other, such a token would be
    worth as much to a thief as a bearer token, so none is issued for it."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    scopes: Mapped[list["Scope"]] = relationship(lazy="selectin", cascade="all, delete-orphan", order_by="Scope.name")

    @property
    def is_front(self) -> bool:
        """Say whether it owns no scope: it calls the APIs that do, with tokens that it exchanges (RFC 8693)."""
        return not self.scopes

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Say whether this is by its secret, which it must use."""
        return method in {"client_secret_basic", "client_secret_post"}


@dataclass(frozen=True, slots=True)
class Resources:
    """Resources are registered, and scopes owned, as they were at one moment. With each token request this is asked."""

    by_name: Mapping[str, str]
    """The resource of each server, by the server's name."""
    owners: Mapping[str, str]
    """The resource that owns each scope."""
    fronts: frozenset[str]
    """The resources that own none."""

    @classmethod
    def of(cls, servers: Iterable[ResourceServer]) -> Self:
        """Return what follows from these servers."""
        servers = list(servers)
        return cls(
            {server.name: server.resource for server in servers},
            {scope.name: server.resource for server in servers for scope in server.scopes},
            frozenset(server.resource for server in servers if server.is_front),
        )

    def owners_of(self, scopes: Iterable[str]) -> tuple[str, ...]:
        """Return the owners of these scopes, each once."""
        return tuple(dict.fromkeys(self.owners[scope] for scope in scopes if scope in self.owners))


class Scope(Base):
    """It is a right that a person can grant; exactly one resource server knows what it means."""

    __tablename__ = "scopes"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    description: Mapped[str] = mapped_column(String(200))
    """The consent page says this."""
    resource_server_name: Mapped[str] = mapped_column(ForeignKey("resource_servers.name"), index=True)
