"""It is counted how often something that a person had allowed a client was taken back."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.models.base import Base


class Withdrawal(Base):
    """It counts for one person and one client: whoever was asked before the latest time has not decided anything.

    A count and no time, so that clocks that differ can't hide an order.
    """

    __tablename__ = "withdrawals"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id"), primary_key=True, index=True)
    times: Mapped[int]
