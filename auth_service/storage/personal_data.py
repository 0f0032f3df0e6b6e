"""All that is stored in SQL about a person, in portions: nobody's whole history is in memory at a time."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import InstrumentedAttribute

from auth_service.models.base import Base
from auth_service.models.consent import Consent
from auth_service.models.factor import Authenticator, Passkey, RecoveryCode
from auth_service.models.grant import GrantRecord
from auth_service.models.one_time_link import OneTimeLink
from auth_service.models.queued_mail import QueuedMail
from auth_service.models.security_event import SecurityEvent
from auth_service.models.token_reuse import TokenReuse
from auth_service.models.withdrawal import Withdrawal
from auth_service.storage.database import Database
from auth_service.storage.portions import in_portions

Item = dict[str, object]


class _Section(NamedTuple):
    """Rows of one table are told so."""

    table: type[Base]
    by: tuple[InstrumentedAttribute[Any], ...]
    as_json: Callable[[Any], Item]


def _grant(grant: GrantRecord) -> Item:
    return {
        "grant_id": grant.id,
        "client_id": grant.client_id,
        "scopes": grant.scopes,
        "resources": grant.audience,
        "created_at": _iso(grant.created_at),
        "expires_at": _iso(grant.expires_at),
        "narrowed_at": _iso(grant.narrowed_at),
        "ended_at": _iso(grant.revoked_at),
        "ended_because": grant.revoked_because,
    }


def _consent(consent: Consent) -> Item:
    return {"client_id": consent.client_id, "scope": consent.scope, "given_at": _iso(consent.given_at)}


def _withdrawal(withdrawal: Withdrawal) -> Item:
    return {"client_id": withdrawal.client_id, "times": withdrawal.times}


def _reuse(reuse: TokenReuse) -> Item:
    return {
        "grant_id": reuse.grant_id,
        "client_id": reuse.client_id,
        "at": _iso(reuse.at),
        "generation": reuse.generation,
        "uses": reuse.uses,
        "answer": reuse.answer,
        "answered_at": _iso(reuse.answered_at),
    }


def _passkey(passkey: Passkey) -> Item:
    return {
        "number": passkey.id,
        "name": passkey.name,
        "synced": passkey.synced,
        "created_at": _iso(passkey.created_at),
        "last_used_at": _iso(passkey.last_used_at),
    }


def _authenticator(authenticator: Authenticator) -> Item:
    return {"created_at": _iso(authenticator.created_at), "last_used_at": _iso(authenticator.last_used_at)}


def _recovery_code(_: RecoveryCode) -> Item:
    return {"used": False}


def _link(link: OneTimeLink) -> Item:
    return {
        "purpose": link.purpose,
        "email": link.email,
        "created_at": _iso(link.created_at),
        "expires_at": _iso(link.expires_at),
    }


def _mail(mail: QueuedMail) -> Item:
    return {
        "kind": mail.kind,
        "address": mail.address,
        "language": mail.language,
        "created_at": _iso(mail.created_at),
    }


def _event(event: SecurityEvent) -> Item:
    return {
        "id": event.id,
        "at": _iso(event.at),
        "kind": event.kind,
        "who": event.who,
        "network": event.network,
        "program": event.program,
        "request_id": event.request_id,
        "client_id": event.client_id,
        "grant_id": event.grant_id,
        "detail": event.detail,
        "times": event.times,
    }


SECTIONS: dict[str, _Section] = {
    "grants": _Section(GrantRecord, (GrantRecord.id,), _grant),
    "consents": _Section(Consent, (Consent.client_id, Consent.scope), _consent),
    "withdrawals": _Section(Withdrawal, (Withdrawal.client_id,), _withdrawal),
    "reuses": _Section(TokenReuse, (TokenReuse.grant_id,), _reuse),
    "passkeys": _Section(Passkey, (Passkey.id,), _passkey),
    "authenticators": _Section(Authenticator, (Authenticator.account_id,), _authenticator),
    "recovery_codes": _Section(RecoveryCode, (RecoveryCode.digest,), _recovery_code),
    "links": _Section(OneTimeLink, (OneTimeLink.digest,), _link),
    "mails": _Section(QueuedMail, (QueuedMail.id,), _mail),
    "events": _Section(SecurityEvent, (SecurityEvent.id,), _event),
}
"""The members of what people download, each a list. docs/your_data.md says what they mean."""


class PersonalDataStore:
    """It reads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def items(self, section: str, account_id: str) -> Iterator[Item]:
        """Return what is stored of a person in one of SECTIONS."""
        table, by, as_json = SECTIONS[section]
        whose = table.__table__.c.account_id == account_id
        for portion in in_portions(self._database, table, whose, by=by):
            yield from map(as_json, portion)


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
