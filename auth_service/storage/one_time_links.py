"""Links that work once are in SQL, by a digest: made and spent within the transactions that they belong to."""

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select
from sqlalchemy.orm import Session

from auth_service.models.account import Account
from auth_service.models.base import now
from auth_service.models.one_time_link import LIFETIMES, LinkPurpose, OneTimeLink
from auth_service.models.secret import ONE_TIME_LINK, new_secret, secret_digest


def make_link(
    session: Session,
    purpose: LinkPurpose,
    account: Account | None = None,
    *,
    username: str | None = None,
    email: str | None = None,
    lifetime: timedelta | None = None,
) -> str:
    """Within a transaction, make a link and return its token, this once. Those that are over are removed."""
    text, at = new_secret(ONE_TIME_LINK), now()
    session.execute(delete(OneTimeLink).where(OneTimeLink.expires_at <= at))
    session.add(
        OneTimeLink(
            digest=secret_digest(text),
            purpose=purpose,
            account_id=account.id if account else None,
            session_epoch=account.session_epoch if account else None,
            username=username,
            email=email,
            expires_at=at + (lifetime or LIFETIMES[purpose]),
        )
    )
    return text


def find_link(session: Session, text: str, purposes: Collection[LinkPurpose]) -> OneTimeLink | None:
    """Return a link that could be used now, of one of these purposes."""
    return session.scalar(select(OneTimeLink).where(_good(text, purposes)))


def spend_link(session: Session, text: str, purposes: Collection[LinkPurpose]) -> OneTimeLink | None:
    """Within the transaction of what it allows, take a link away; None if it is not good, or somebody was faster."""
    return session.scalar(delete(OneTimeLink).where(_good(text, purposes)).returning(OneTimeLink))


def forget_links(session: Session, account_id: str, *purposes: LinkPurpose) -> None:
    """Within a transaction, take away the links of an account that have one of these purposes."""
    session.execute(delete(OneTimeLink).where(OneTimeLink.account_id == account_id, OneTimeLink.purpose.in_(purposes)))


def _good(text: str, purposes: Collection[LinkPurpose]) -> ColumnElement[bool]:
    same_epoch = Account.session_epoch == OneTimeLink.session_epoch
    its_account = exists().where(Account.id == OneTimeLink.account_id, same_epoch, Account.disabled_at.is_(None))
    of_a_new_one = and_(OneTimeLink.account_id.is_(None), OneTimeLink.username.is_not(None))
    return and_(
        OneTimeLink.digest == secret_digest(text),
        OneTimeLink.purpose.in_(purposes),
        OneTimeLink.expires_at > now(),
        or_(of_a_new_one, its_account),
    )
