"""A person's yes to one scope for one client is remembered."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.models.base import Base, UtcDateTime, now


class Consent(Base):
    """While it stands and is not too old, and the client's identity is assured, the same request is not asked again."""

    __tablename__ = "consents"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id"), primary_key=True, index=True)
    scope: Mapped[str] = mapped_column(String(100), primary_key=True)
    given_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
