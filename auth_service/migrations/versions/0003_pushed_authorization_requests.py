"""Clients that must push their authorization requests."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Go one step forward."""
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("require_pushed_authorization_requests", sa.Boolean(), nullable=False, server_default=sa.false())
        )


def downgrade() -> None:
    """Go one step back."""
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.drop_column("require_pushed_authorization_requests")
