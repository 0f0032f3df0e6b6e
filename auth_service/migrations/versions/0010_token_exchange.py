"""Clients that may exchange the tokens of a service."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Go one step forward."""
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.add_column(sa.Column("exchange_from", sa.JSON(), nullable=False, server_default=sa.text("'[]'")))


def downgrade() -> None:
    """Go one step back."""
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.drop_column("exchange_from")
