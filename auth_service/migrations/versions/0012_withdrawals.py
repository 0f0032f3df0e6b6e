"""How often each person took something back from each client."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "withdrawals",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_withdrawals_account_id")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f("fk_withdrawals_client_id")),
        sa.PrimaryKeyConstraint("account_id", "client_id", name=op.f("pk_withdrawals")),
    )
    op.create_index(op.f("ix_withdrawals_client_id"), "withdrawals", ["client_id"])


def downgrade() -> None:
    """Go one step back."""
    op.drop_table("withdrawals")
