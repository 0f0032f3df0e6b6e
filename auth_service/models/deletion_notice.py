"""Resource servers are told that a person's account is gone, and say when what they had of that person is gone too."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.models.base import Base, UtcDateTime, now


class DeletionNotice(Base):
    """It stays until its resource server has acknowledged it, or is no longer registered."""

    __tablename__ = "deletion_notices"
    __table_args__ = (
        Index(None, "resource_server_name", "id"),
        Index(None, "resource_server_name", "subject", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    resource_server_name: Mapped[str] = mapped_column(ForeignKey("resource_servers.name", ondelete="CASCADE"))
    subject: Mapped[str] = mapped_column(String(64))
    """It is the `sub` of an account that there is no longer, and that nobody else ever gets."""
    erased_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
