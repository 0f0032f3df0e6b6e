"""Clients that are described by documents are looked up here, and it is decided when a document is read.

What was read is the client's row in SQL: grants and consents refer to it, it is the same for all processes, and it is
there when the host is down. A stranger's address is read for a person who has signed in, and for nobody else.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from auth_service.crypto.token_handle import new_grant_id
from auth_service.models.base import now
from auth_service.models.client import Client
from auth_service.models.tokens import RevokedBecause
from auth_service.protocol.client_documents.address import Policy, is_address
from auth_service.protocol.client_documents.description import describe_by_document
from auth_service.protocol.client_documents.reading import Document, DocumentReader, UnreachableError, UnreadableError
from auth_service.protocol.errors import (
    DocumentRefusedError,
    DocumentUnavailableError,
    TooManyRequestsError,
    printable,
)
from auth_service.protocol.registration.rules import ClientRefusedError
from auth_service.protocol.tokens.grant_revocation import GrantRevocation
from auth_service.storage.clients import ClientStore
from auth_service.storage.document_attempts import DocumentAttempts
from auth_service.storage.errors import NotFoundError
from auth_service.storage.resource_servers import ResourceServerStore
from auth_service.storage.throttle import Throttle

KEPT_STALE = timedelta(days=1)
"""For so long a document that can't be read again, or is none any more, holds after it was fresh."""
AT_ONCE = 4
"""One process reads at most so many documents at a time, so that slow hosts don't hold its threads."""
_DOWN = "its host: "
"""A remembered reason begins so if it may soon be another one."""

_DELETED = "the operator of this server has removed the client of this client_id."

_log = logging.getLogger(__name__)


class DocumentClients:
    """It finds any client. One that a document describes, it finds only where such are accepted, and current."""

    def __init__(
        self,
        policy: Policy,
        reader: DocumentReader | None,
        attempts: DocumentAttempts,
        clients: ClientStore,
        resource_servers: ResourceServerStore,
        revocation: GrantRevocation,
        throttle: Throttle,
        unused_client_lifetime: int,
        retry: str,
        *,
        private_schemes: bool,
    ) -> None:
        """The last three are what registration has, too. Without a reader, nothing is read."""
        self._policy = policy
        self._reader = reader
        self._attempts = attempts
        self._clients = clients
        self._resource_servers = resource_servers
        self._revocation = revocation
        self._throttle = throttle
        self._unused_client_lifetime = timedelta(seconds=unused_client_lifetime)
        self._retry = retry
        self._private_schemes = private_schemes
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def recall(self, client_id: str) -> Client | None:
        """Return the client as it was at most a second ago, by a document that is fresh or could not be read again.

        Raises DocumentUnavailableError if that has been so for longer than a day.
        """
        client = self._clients.recall(client_id)
        if client is None or client.document_fresh_until is None:
            return client
        return self._current(client, again=client.document_fresh_until <= now())

    def find(self, client_id: str) -> Client | None:
        """Return the client as it is now. Its proof failed, so its document is read again: it may have other keys."""
        client = self._clients.find(client_id)
        if client is None or client.document_fresh_until is None:
            return client
        return self._current(client, again=not client.public)

    def remembered(self, client_id: str) -> Client | None:
        """Return the client by what is remembered of its document, for whom nothing is read."""
        client = self._clients.find(client_id)
        if client is None or client.document_fresh_until is None:
            return client
        return client if self._policy.refusal(client_id) is None and _holds(client) else None

    def expect(self, client_id: str) -> bool:
        """Say whether this is the address of a document, which has to be looked at when somebody has signed in.

        Raises DocumentRefusedError if it can't be one that is accepted here.
        """
        if not is_address(client_id):
            return False
        if refusal := self._policy.refusal(client_id):
            raise DocumentRefusedError(refusal)
        return True

    def look(self, client_id: str, remote_address: str) -> None:
        """Have a document remembered that is fresh, for a person who has signed in.

        If its host is down, one that was read before will do. Raises DocumentRefusedError, which says what is wrong
        with the document, TooManyRequestsError, DocumentUnavailableError.
        """
        client = self._clients.find(client_id)
        if client is not None and client.document_fresh_until is not None and client.document_fresh_until > now():
            return
        if client is None and self._clients.was_deleted(client_id):
            raise DocumentRefusedError(_DELETED)
        if wait := self._throttle.document(remote_address):
            raise TooManyRequestsError(wait)
        try:
            self._read(client_id)
        except UnreachableError as silence:
            if client is None or not _holds(client):
                raise DocumentRefusedError(_told(client_id, silence)) from None
        except (UnreadableError, ClientRefusedError) as fault:
            raise DocumentRefusedError(_told(client_id, fault)) from None
        except DocumentUnavailableError:
            if client is None or not _holds(client):
                raise

    def _current(self, client: Client, *, again: bool) -> Client | None:
        """Return a client by what its document says, or said until yesterday. Nothing is read that nobody uses yet."""
        if self._policy.refusal(client.client_id) is not None:
            return None
        if client.unused_until is not None:
            return client if _holds(client) else None
        if again:
            try:
                return self._read(client.client_id)
            except (UnreachableError, UnreadableError, ClientRefusedError) as failure:
                _log.warning("a client's document can't be used: %s: %s", client.client_id, failure)
            except DocumentUnavailableError:
                pass
        if not _holds(client):
            raise DocumentUnavailableError
        return client

    def _read(self, address: str) -> Client:
        """Read a document and remember it, if it is one. Raises what it can't be used for, also if that was before."""
        assert self._reader is not None
        if not self._places.acquire(blocking=False):
            raise DocumentUnavailableError
        try:
            before = self._attempts.begin(address)
            if before is not None:
                raise _as_before(before)
            with self._remembering_failures(address):
                return self._remember(address, self._reader.read(address))
        finally:
            self._places.release()

    @contextmanager
    def _remembering_failures(self, address: str) -> Iterator[None]:
        try:
            yield
        except UnreachableError as silence:
            self._attempts.failed(address, f"{_DOWN}{silence}")
            raise
        except (UnreadableError, ClientRefusedError) as fault:
            self._attempts.failed(address, str(fault))
            raise

    def _remember(self, address: str, document: Document) -> Client:
        known_scopes, taken_names = self._resource_servers.scopes(), self._clients.names_by_operators()

        def apply(client: Client) -> None:
            describe_by_document(client, document, known_scopes, taken_names, private_schemes=self._private_schemes)
            client.retry = self._retry
            client.document_fresh_until = now() + timedelta(seconds=document.fresh_for)

        try:
            return self._revocation.change_client(address, apply, RevokedBecause.CLIENT)
        except NotFoundError:
            client = Client(
                client_id=address,
                name="",
                own_grant_id=new_grant_id(),
                unused_until=now() + self._unused_client_lifetime,
                document_fresh_until=now(),
            )
        apply(client)
        if not self._clients.register_document(client, self._resource_servers.resources().owners_of(client.scopes)):
            raise DocumentRefusedError(_DELETED) from None
        _log.info("client described itself", extra={"client_id": address})
        return client


def _holds(client: Client) -> bool:
    return client.document_fresh_until is not None and now() < client.document_fresh_until + KEPT_STALE


def _told(client_id: str, fault: Exception) -> str:
    return printable(f"the document at {client_id} can't be used: {fault}.")


def _as_before(reason: str) -> Exception:
    """Return what came of the attempt of a moment ago; nothing yet, if it still goes on."""
    if not reason:
        return DocumentUnavailableError()
    if reason.startswith(_DOWN):
        return UnreachableError(reason.removeprefix(_DOWN))
    return UnreadableError(reason)
