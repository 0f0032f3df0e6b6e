"""The database knows in which epoch its changes are numbered: each restored backup begins one."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Go one step forward. What was numbered by now is of the first epoch."""
    epoch = op.create_table(
        "database_epoch",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("is_behind", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_database_epoch")),
    )
    op.bulk_insert(epoch, [{"id": 1, "epoch": 0, "is_behind": False}])


def downgrade() -> None:
    """Go one step back."""
    op.drop_table("database_epoch")
