"""A document makes a client what it says, by the rules of registration and by the draft's own (§4)."""

from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from auth_service.models.client import Client
from auth_service.protocol.client_documents.auth_method import auth_method
from auth_service.protocol.client_documents.reading import Document
from auth_service.protocol.registration.client_metadata import describe
from auth_service.protocol.registration.keys import holds_private_key
from auth_service.protocol.registration.name import pretence
from auth_service.protocol.registration.rules import ClientRefusedError

_SECRETS = ("client_secret", "client_secret_expires_at")


def describe_by_document(
    client: Client,
    document: Document,
    known_scopes: Collection[str],
    taken_names: Iterable[str],
    *,
    private_schemes: bool,
) -> None:
    """Make `client` what the document at its address says. Raises ClientRefusedError.

    `taken_names` are those of the clients that operators registered. Who names itself nothing is called by its host.
    """
    metadata, host = document.metadata, urlsplit(client.client_id).hostname or ""
    if metadata.get("client_id") != client.client_id:
        raise ClientRefusedError("its client_id must be its own address, letter by letter")
    method = auth_method(metadata)
    for name in _SECRETS:
        if name in metadata:
            raise ClientRefusedError(f"it must not have {name}: anybody can read it")
    if holds_private_key(metadata.get("jwks")):
        raise ClientRefusedError("its jwks holds a private key, which anybody can read: replace that key")
    said = {"client_name": host, **metadata, "token_endpoint_auth_method": method}
    if "jwks_uri" in said:
        if "jwks" in said:
            raise ClientRefusedError("it must not have both jwks and jwks_uri")
        said.pop("jwks_uri")
        said["jwks"] = document.jwks
    former_name = client.name
    describe(client, said, known_scopes, private_schemes=private_schemes)
    if client.name not in {former_name, host} and (problem := pretence(client.name, taken_names)):
        raise ClientRefusedError(problem)
