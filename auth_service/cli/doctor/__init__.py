"""`flask --app auth_service doctor`: what is examined, one file per subject."""

from collections.abc import Mapping
from functools import partial

from redis import RedisError

from auth_service.cli.command import parts
from auth_service.cli.doctor.configuration import setting_findings
from auth_service.cli.doctor.database import database_findings
from auth_service.cli.doctor.deleted_accounts import deletion_findings
from auth_service.cli.doctor.documents import host_findings
from auth_service.cli.doctor.keys import key_findings
from auth_service.cli.doctor.mail import mail_findings
from auth_service.cli.doctor.redis import (
    clock_findings,
    expiry_findings,
    persistence_findings,
    replica_findings,
    room_findings,
    told_findings,
)
from auth_service.protocol.server_metadata import server_metadata
from shared.operations.doctor import Check, Finding, doctor_command
from shared.operations.public_address import certificate_findings, document_findings
from shared.service.sql_engine import SQL_OUTAGES


def _checks() -> Mapping[str, Check]:
    here = parts()
    issuer, redis = here.settings.issuer, here.redis
    registers_clients = here.settings.registration != "closed"
    takes_documents = here.document_policy.takes_any
    metadata = partial(
        server_metadata,
        here.server,
        here.resource_servers,
        registers_clients=registers_clients,
        takes_documents=takes_documents,
    )
    return {
        "settings": partial(setting_findings, here.settings),
        "database": partial(database_findings, here.database),
        "Redis' persistence": partial(persistence_findings, redis),
        "Redis' room": partial(room_findings, redis),
        "Redis' replicas": partial(replica_findings, redis),
        "Redis' clock": partial(clock_findings, redis),
        "Redis' keys": partial(expiry_findings, redis),
        "ends": partial(told_findings, here.reconciler.check),
        "deleted accounts": partial(deletion_findings, here.deleted_accounts),
        "signing keys": partial(key_findings, here.signing_keys),
        "mail": partial(mail_findings, here.mail_worker.check if here.mail_worker else None, here.mail),
        "issuer": partial(
            document_findings, f"{issuer}/.well-known/oauth-authorization-server", metadata, "AUTH_ISSUER"
        ),
        "certificate": partial(certificate_findings, issuer),
        "documents of clients": partial(host_findings, here.settings),
    }


def _explained(error: Exception) -> Finding | None:
    if isinstance(error, RedisError):
        return Finding(
            f"Redis could not be asked ({type(error).__name__}: {error})", "Look at AUTH_REDIS_URL and Redis' log"
        )
    if isinstance(error, SQL_OUTAGES):
        return Finding(
            f"SQL could not be asked ({type(error).__name__})", "Look at AUTH_DATABASE_URL and the database's log"
        )
    return None


doctor = doctor_command(_checks, _explained)
