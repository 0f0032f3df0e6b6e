"""Documents that describe clients can be read from here: who has one tries nothing else once the metadata say so."""

from collections.abc import Iterator

from auth_service.protocol.client_documents.address import EVERYBODY, NOBODY
from auth_service.protocol.client_documents.reading import DocumentReader, UnreachableError
from auth_service.settings import Settings
from shared.operations.doctor import Finding


def host_findings(settings: Settings) -> Iterator[Finding]:
    """Each host that is named answers with a certificate that is believed. Whether it has documents, nobody asks."""
    hosts = [host for host in settings.client_id_metadata_documents if host not in {EVERYBODY, NOBODY}]
    reader = DocumentReader(on_loopback=settings.client_documents_on_loopback) if hosts else None
    for host in hosts:
        try:
            assert reader is not None
            reader.reach(host)
        except UnreachableError as silence:
            yield Finding(
                f"documents of clients can't be read: {silence}",
                "Let this service reach that host on port 443, or take it out of AUTH_CLIENT_ID_METADATA_DOCUMENTS",
            )
