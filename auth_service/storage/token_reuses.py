"""Credentials that came twice are in SQL with the life of their grant, and what the person said about it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from auth_service.models.account import Account
from auth_service.models.base import now
from auth_service.models.client import Client
from auth_service.models.consent import Consent
from auth_service.models.grant import GrantRecord
from auth_service.models.security_event import EventKind, SecurityEvent
from auth_service.models.token_reuse import TokenReuse
from auth_service.models.tokens import RevokedBecause, TokenUse
from auth_service.storage.accounts import NEXT_EPOCH
from auth_service.storage.database import Database
from auth_service.storage.grant_records import mark_revoked
from auth_service.storage.notices import Notices
from shared.service.sql_database import upsert

SHOWN = 20
"""So many requests that brought a credential again are told of one grant, and so many grants in a notice."""

AT_ONCE = "at once"
"""An event has this behind the generation where the client itself seems to have refreshed twice at the same time."""


@dataclass(frozen=True, slots=True)
class ReuseStory:
    """What is known of one reuse."""

    reuse: TokenReuse
    client_name: str
    connected_at: datetime | None
    """The grant began then; None once its record was pruned."""
    ended_at: datetime | None
    conflicts: Sequence[SecurityEvent]
    """The requests that brought the credential again, the first in front."""
    late: Sequence[SecurityEvent]
    """Those that brought another one after the end of the grant."""


class TokenReuseStore:
    """It records a reuse together with the end of its grant."""

    def __init__(self, database: Database, notices: Notices) -> None:
        self._database = database
        self._notices = notices

    def end_grant(
        self, grant_id: str, generation: int, uses: Sequence[TokenUse], *, at_once: bool
    ) -> GrantRecord | None:
        """Commit the end of a grant of which a credential of this generation came again, and what its life was like.

        Of several such requests at once each leaves an event, and the first one the story.
        """
        with self._database.writing() as session:
            mark_revoked(session, GrantRecord.id == grant_id, RevokedBecause.REUSE)
            record = session.get(GrantRecord, grant_id)
            if record is None or record.account_id is None:
                return record
            names = {"grant_id": grant_id, "account_id": record.account_id, "client_id": record.client_id}
            detail = f"{generation} {AT_ONCE}" if at_once else str(generation)
            event = SecurityEvent(kind=EventKind.CREDENTIAL_REUSED, detail=detail, **names)
            story = {**names, "generation": generation, "uses": [asdict(use) for use in uses]}
            first = upsert(session, TokenReuse).values(story).on_conflict_do_nothing()
            if session.scalar(first.returning(TokenReuse.grant_id)) is None:
                session.add(event)
            else:
                self._notices.record(session, event)
            return record

    def note_late(self, grant_id: str, generation: int) -> None:
        """Record that another credential of such a grant came after its end: of each grant so many as are shown."""
        known = select(func.count()).select_from(SecurityEvent).where(*_of_grant(grant_id, EventKind.CREDENTIAL_LATE))
        with self._database.reading() as session:
            if (session.scalar(known) or 0) >= SHOWN:
                return
        with self._database.writing() as session:
            reuse = session.get(TokenReuse, grant_id, with_for_update=True)  # one after the other counts
            if reuse is not None and (session.scalar(known) or 0) < SHOWN:
                names = {"grant_id": grant_id, "account_id": reuse.account_id, "client_id": reuse.client_id}
                session.add(SecurityEvent(kind=EventKind.CREDENTIAL_LATE, detail=str(generation), **names))

    def find(self, account_id: str, grant_id: str) -> ReuseStory | None:
        """Return the story of a grant of this account, if one of its credentials came twice."""
        whose = (TokenReuse.grant_id == grant_id, TokenReuse.account_id == account_id)
        with self._database.reading() as session:
            reuse = session.scalar(select(TokenReuse).where(*whose))
            if reuse is None:
                return None
            client, grant = session.get(Client, reuse.client_id), session.get(GrantRecord, grant_id)
            conflicts, late = (
                session.scalars(select(SecurityEvent).where(*_of_grant(grant_id, kind)).limit(SHOWN)).all()
                for kind in (EventKind.CREDENTIAL_REUSED, EventKind.CREDENTIAL_LATE)
            )
            return ReuseStory(
                reuse,
                client.told_name if client else reuse.client_id,
                grant.created_at if grant else None,
                grant.revoked_at if grant else reuse.at,
                sorted(conflicts, key=lambda event: event.id),
                sorted(late, key=lambda event: event.id),
            )

    def unanswered(self, account_id: str) -> list[TokenReuse]:
        """Return those about which this person has said nothing yet, the latest first."""
        query = select(TokenReuse).where(TokenReuse.account_id == account_id, TokenReuse.answer.is_(None))
        with self._database.reading() as session:
            return list(session.scalars(query.order_by(TokenReuse.at.desc()).limit(SHOWN)))

    def own(self, reuse: TokenReuse) -> None:
        """Commit that it was the person. The grant stays ended."""
        with self._database.writing() as session:
            _answer(session, reuse, "me")

    def disown(self, reuse: TokenReuse) -> datetime:
        """Commit that it was somebody else: every browser session and grant of the person ends; when they did.

        What they allowed is forgotten too, so that each app has to ask again.
        """
        account_id = reuse.account_id
        with self._database.writing() as session:
            session.execute(update(Account).where(Account.id == account_id).values(NEXT_EPOCH))
            session.execute(delete(Consent).where(Consent.account_id == account_id))
            _, at = mark_revoked(session, GrantRecord.account_id == account_id, RevokedBecause.PERSON)
            _answer(session, reuse, "not_me")
            return at


def _of_grant(grant_id: str, kind: EventKind) -> tuple[ColumnElement[bool], ...]:
    return SecurityEvent.grant_id == grant_id, SecurityEvent.kind == kind


def _answer(session: Session, reuse: TokenReuse, answer: str) -> None:
    """Within a transaction, note what was said, unless it was said before or more than that."""
    before = TokenReuse.answer.is_(None) if answer == "me" else func.coalesce(TokenReuse.answer, "") != answer
    said = update(TokenReuse).where(TokenReuse.grant_id == reuse.grant_id, before)
    if session.scalar(said.values(answer=answer, answered_at=now()).returning(TokenReuse.grant_id)) is None:
        return
    names = {"account_id": reuse.account_id, "client_id": reuse.client_id, "grant_id": reuse.grant_id}
    session.add(SecurityEvent(kind=EventKind.REUSE_ANSWERED, detail=answer, **names))
