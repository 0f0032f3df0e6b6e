"""A credential came twice: what is kept of it for the person and for operators, after its grant has left Redis."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.models.base import CLIENT_ID, Base, UtcDateTime, now


class TokenReuse(Base):
    """A grant was ended because one of its codes or refresh tokens had been spent before.

    The requests that brought it again are security events of the grant. The row stays until `database prune`.
    """

    __tablename__ = "token_reuses"
    __table_args__ = (Index(None, "account_id", "answer"),)

    grant_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(64))
    client_id: Mapped[str] = mapped_column(CLIENT_ID)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    generation: Mapped[int]
    """This one came twice: 0 is the code, 1 the first refresh token."""
    uses: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """The first use of the grant and the last ones, as `TokenUse` has them."""
    answer: Mapped[str | None] = mapped_column(String(10))
    """The person said that it was they (`me`) or somebody else (`not_me`)."""
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
