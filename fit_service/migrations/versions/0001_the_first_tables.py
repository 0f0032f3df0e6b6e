"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "body_weights",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.String(length=20), nullable=False),
        sa.Column("unit", sa.String(length=3), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_body_weights")),
    )
    with op.batch_alter_table("body_weights", schema=None) as batch_op:
        batch_op.create_index("ix_body_weights_page", ["subject", "created_at", "id"], unique=False)


def downgrade() -> None:
    """Go one step back."""
    with op.batch_alter_table("body_weights", schema=None) as batch_op:
        batch_op.drop_index("ix_body_weights_page")

    op.drop_table("body_weights")
