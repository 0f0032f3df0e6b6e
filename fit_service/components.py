"""The composition root: settings become the store and the protector. The only place that wires."""

from dataclasses import dataclass

from fit_service.api.access import Access
from fit_service.settings import Settings
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.database import Database
from shared.request_id import current_request_id
from shared.resource_server.resource_metadata import metadata_address
from shared.resource_server.resource_protector import protect


@dataclass(frozen=True, slots=True)
class Components:
    """Everything that one process of the service consists of. No connection is open yet."""

    settings: Settings
    database: Database
    body_weights: BodyWeightStore
    access: Access


def build(settings: Settings) -> Components:
    """Wire a service."""
    database = Database(settings.database_url)
    return Components(
        settings=settings,
        database=database,
        body_weights=BodyWeightStore(database),
        access=Access(
            protect(
                resource=settings.resource,
                issuer=settings.issuer,
                client_id=settings.client_id,
                client_secret=settings.client_secret,
                auth_url=settings.auth_url,
                resource_metadata=metadata_address(settings.collection),
                deadline=settings.introspection_deadline,
                request_id=current_request_id,
            )
        ),
    )
