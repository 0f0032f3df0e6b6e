"""A link that is mailed, or handed over, proves once that somebody may do one thing."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.models.base import Base, UtcDateTime, now


class LinkPurpose(StrEnum):
    """Whoever has the link may do this."""

    NEW_PASSWORD = "new_password"
    """Choose another password."""
    INVITATION = "invitation"
    """Choose a password, at the request of an operator."""
    REGISTRATION = "registration"
    """Have an account of this name and address."""
    NEW_ADDRESS = "new_address"
    """Make this the address of an account."""


LIFETIMES = {
    LinkPurpose.NEW_PASSWORD: timedelta(minutes=20),
    LinkPurpose.INVITATION: timedelta(days=1),
    LinkPurpose.REGISTRATION: timedelta(days=1),
    LinkPurpose.NEW_ADDRESS: timedelta(days=1),
}
"""A link is good for so long, an invitation unless the operator says otherwise."""

FOR_PASSWORDS = (LinkPurpose.NEW_PASSWORD, LinkPurpose.INVITATION, LinkPurpose.REGISTRATION)
"""These lead to the page on which a password is chosen."""


class OneTimeLink(Base):
    """It is there until it was used, or is over."""

    __tablename__ = "one_time_links"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(20))
    account_id: Mapped[str | None] = mapped_column(String(64), index=True)
    """It is None for an account that isn't there yet, and for the link that nobody is sent."""
    session_epoch: Mapped[int | None]
    """A link of another epoch than the account's is over: a password was chosen since, or everything was ended."""
    username: Mapped[str | None] = mapped_column(String(64))
    """Of an account that isn't there yet."""
    email: Mapped[str | None] = mapped_column(String(254))
    """Following the link proves that what is sent there reaches the person."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


def link_address(issuer: str, purpose: LinkPurpose, token: str) -> str:
    """Return the address of a link's page."""
    page = "new-password" if purpose in FOR_PASSWORDS else "new-address"
    return f"{issuer}/{page}?link={token}"
