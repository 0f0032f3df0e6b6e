"""Entries keep the offset of their instant, where they come from, and when they were stored and changed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Go one step forward. Of entries that are there nobody knows any of it."""
    op.add_column("body_weights", sa.Column("utc_offset", sa.Integer(), nullable=True))
    op.add_column("body_weights", sa.Column("origin", sa.String(length=8), nullable=True))
    op.add_column("body_weights", sa.Column("stored_at", sa.BigInteger(), nullable=True))
    op.add_column("body_weights", sa.Column("modified_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Go one step back."""
    with op.batch_alter_table("body_weights") as body_weights:
        for name in ("utc_offset", "origin", "stored_at", "modified_at"):
            body_weights.drop_column(name)
