"""The composition root makes stores, the protector and the worker of the settings. Only it wires."""

import time
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from prometheus_client import CollectorRegistry

from fit_service.settings import Settings
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.change_marks import ChangeMarks
from fit_service.storage.database import Database
from fit_service.storage.database_epoch import DatabaseEpochStore
from fit_service.storage.erasure import Erasure
from fit_service.storage.feed_position import FeedPositionStore
from fit_service.storage.redis_connection import write_probe
from fit_service.storage.request_counters import RequestCounters
from fit_service.storage.used_proofs import UsedProofsInRedis
from fit_service.storage.webhook_endings import WebhookEndings
from fit_service.storage.webhook_outbox import Outbox
from fit_service.storage.webhook_secrets import WebhookSecrets
from fit_service.storage.webhooks import WebhookStore
from fit_service.web.access import READ, Access
from fit_service.web.quotas import ClientQuota, ThrottledValidator
from fit_service.workers.consent_follower import ConsentFollower
from fit_service.workers.webhook_metrics import WebhookCollector
from fit_service.workers.webhook_sender import Sender
from fit_service.workers.webhook_worker import WebhookWorker
from shared.operations.health import Check, Writability
from shared.operations.request_id import current_request_id
from shared.operations.validation_metrics import validation_observer
from shared.resource_server import TokenValidator, connect, metadata_address
from shared.resource_server.back_channel import BackChannel
from shared.resource_server.deleted_accounts import DeletedAccounts
from shared.resource_server.dpop import Dpop, DpopNonces
from shared.resource_server.resource_protector import ResourceProtector
from shared.service.setting_types import key_bytes


@dataclass(frozen=True, slots=True)
class Components:
    """One process of the service consists of these. No connection is open yet."""

    settings: Settings
    database: Database
    body_weights: BodyWeightStore
    webhooks: WebhookStore
    webhook_secrets: WebhookSecrets
    webhook_worker: WebhookWorker
    feed_position: FeedPositionStore
    epoch: DatabaseEpochStore
    webhook_metrics: WebhookCollector
    access: Access
    validator: TokenValidator
    writability: Writability
    metrics: CollectorRegistry


def build(settings: Settings) -> Components:
    """Wire a service with these settings."""
    database, metrics = Database(settings.database_url, pgbouncer=settings.pgbouncer), CollectorRegistry()
    counters = RequestCounters(settings.redis_url)
    validator = connect(
        resource=settings.resource,
        issuer=settings.issuer,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        auth_url=settings.auth_url,
        resource_metadata=metadata_address(settings.collection),
        follow_revocations=settings.follow_revocations,
        max_age=settings.introspection_max_age,
        dpop=_dpop(settings),
        deadline=settings.introspection_deadline,
        request_id=current_request_id,
        observe=validation_observer(metrics),
    )
    epoch = DatabaseEpochStore(database)
    webhook_secrets = WebhookSecrets([key_bytes(key) for key in settings.webhook_keys])
    outbox, endings = Outbox(database, webhook_secrets), WebhookEndings(database)
    position = FeedPositionStore(database)
    channel = BackChannel(settings.auth_url or settings.issuer, settings.client_id, settings.client_secret)
    deleted_accounts = DeletedAccounts(
        issuer=settings.issuer,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        auth_url=settings.auth_url,
    )
    return Components(
        settings=settings,
        database=database,
        body_weights=BodyWeightStore(
            database, ChangeMarks(settings.redis_url, settings.resource) if settings.redis_url else None
        ),
        epoch=epoch,
        access=Access(
            ResourceProtector(ThrottledValidator(validator, counters, settings.invalid_token_limit)),
            ClientQuota(counters, settings.rate_limit),
            validator,
        ),
        webhooks=WebhookStore(database, timedelta(seconds=settings.webhook_lifetime), webhook_secrets),
        webhook_secrets=webhook_secrets,
        webhook_worker=WebhookWorker(
            outbox,
            endings,
            Sender(allow_private=settings.webhook_allow_private),
            ConsentFollower(channel, position, endings, READ) if settings.follow_revocations else None,
            partial(deleted_accounts.run, Erasure(database).erase),
        ),
        feed_position=position,
        webhook_metrics=WebhookCollector(outbox, position, time.time),
        validator=validator,
        writability=_writability(settings, database, epoch),
        metrics=metrics,
    )


def _writability(settings: Settings, database: Database, epoch: DatabaseEpochStore) -> Writability:
    probes: dict[str, Check] = {"database": database.check_writing, "entries": epoch.check}
    if settings.redis_url:
        probes["redis"] = write_probe(settings.redis_url)
    return Writability(probes)


def _dpop(settings: Settings) -> Dpop:
    """The nonces are made from a secret that all processes have; a new secret only makes clients ask once more."""
    used = UsedProofsInRedis(settings.redis_url) if settings.redis_url else None
    nonces = DpopNonces([settings.client_secret.encode()]) if settings.dpop_nonce_required else None
    return Dpop(settings.origin, used=used, nonces=nonces)
