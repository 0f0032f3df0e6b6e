"""The end of a resource server: what people and clients were allowed there goes with it.

Nothing of it may come back when somebody registers a server with the same scopes, which may mean something else then.
"""

from collections.abc import Collection
from contextlib import suppress

from auth_service.models.client import Client
from auth_service.models.resource_server import ResourceServer
from auth_service.models.tokens import RevokedBecause
from auth_service.protocol.tokens.grant_revocation import GrantRevocation, Progress
from auth_service.storage.clients import ClientStore
from auth_service.storage.errors import NotFoundError
from auth_service.storage.grant_records import GrantRecordStore
from auth_service.storage.resource_servers import ResourceServerStore


class ResourceServerEnd:
    """It takes a resource server's scopes from all that have them, and then removes it.

    In this order, so that it still hears of the ends by the feed, and whoever is interrupted begins again.
    """

    def __init__(
        self,
        servers: ResourceServerStore,
        clients: ClientStore,
        records: GrantRecordStore,
        revocation: GrantRevocation,
    ) -> None:
        self._servers = servers
        self._clients = clients
        self._records = records
        self._revocation = revocation

    def clients_of(self, server: ResourceServer) -> list[str]:
        """Return the ids of the clients that may ask for its scopes or exchange its tokens."""
        taken = {scope.name for scope in server.scopes}
        return [
            client.client_id
            for portion in self._clients.all()
            for client in portion
            if taken & set(client.scopes) or server.resource in client.exchange_from
        ]

    def delete(self, server: ResourceServer, progress: Progress) -> bool:
        """Take from clients and grants what they have of it, end grants of which nothing is left, and remove it.

        False if it was changed meanwhile: then it is still there, and what was taken stays taken.
        """
        taken = {scope.name for scope in server.scopes}

        def take(client: Client) -> None:
            client.scopes = _without(client.scopes, taken)
            client.exchange_from = _without(client.exchange_from, (server.resource,))

        for client_id in self.clients_of(server):
            with suppress(NotFoundError):  # it was deleted meanwhile
                self._revocation.change_client(client_id, take, progress=progress)
        if server.is_front:
            for portion in self._records.current():
                for record in portion:
                    if server.resource in record.audience:
                        self._revocation.end_grant(record.id, RevokedBecause.OPERATOR)
        return self._servers.delete(server)


def _without(words: tuple[str, ...], taken: Collection[str]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in taken)
