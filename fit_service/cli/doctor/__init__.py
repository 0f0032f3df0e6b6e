"""`flask --app fit_service doctor`: what is examined, one file per subject."""

from collections.abc import Iterator, Mapping
from functools import partial

from fit_service.cli.command import parts
from fit_service.cli.doctor.configuration import setting_findings
from fit_service.cli.doctor.webhooks import secret_findings, worker_findings
from fit_service.storage.database_epoch import DatabaseEpochStore
from fit_service.web.access import READ, WRITE
from shared.operations.doctor import Check, Finding, doctor_command
from shared.operations.health import Writability
from shared.operations.public_address import certificate_findings, document_findings
from shared.operations.sql_findings import sql_findings
from shared.resource_server import CannotValidateError, TokenValidator, metadata_address
from shared.service.sql_engine import SQL_OUTAGES


def _checks() -> Mapping[str, Check]:
    here = parts()
    settings, collection = here.settings, here.settings.collection
    described = partial(here.validator.metadata, READ, WRITE, resource=collection)
    return {
        "settings": partial(setting_findings, settings),
        "database": partial(sql_findings, here.database),
        "entries": partial(_entry_findings, here.epoch),
        "stores": partial(_writing_findings, here.writability),
        "authorization server": partial(_peer_findings, here.validator),
        "webhook secrets": partial(secret_findings, here.webhook_secrets, here.database),
        "webhook worker": partial(worker_findings, here),
        "resource": partial(document_findings, metadata_address(collection), described, "FIT_RESOURCE"),
        "certificate": partial(certificate_findings, settings.resource),
        "issuer's certificate": partial(certificate_findings, settings.issuer),
    }


def _entry_findings(epoch: DatabaseEpochStore) -> Iterator[Finding]:
    try:
        epoch.check()
    except RuntimeError as behind:
        yield Finding(str(behind).partition(":")[0], "Run `flask --app fit_service database restored`")


def _writing_findings(writability: Writability) -> Iterator[Finding]:
    settings = {"redis": "FIT_REDIS_URL", "database": "FIT_DATABASE_URL"}
    for name, writable in writability.writable().items():
        if name in settings and not writable:
            yield Finding(
                f"{name} can't be written", f"Look whether it runs at {settings[name]}, is full or is a replica"
            )


def _peer_findings(validator: TokenValidator) -> Iterator[Finding]:
    try:
        validator.check()
    except CannotValidateError as error:
        yield Finding(str(error), "Compare FIT_ISSUER, FIT_RESOURCE, FIT_CLIENT_ID and FIT_AUTH_URL with what it knows")


def _explained(error: Exception) -> Finding | None:
    if isinstance(error, SQL_OUTAGES):
        return Finding(
            f"SQL could not be asked ({type(error).__name__})", "Look at FIT_DATABASE_URL and the database's log"
        )
    return None


doctor = doctor_command(_checks, _explained)
