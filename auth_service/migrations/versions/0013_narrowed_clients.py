"""How often scopes were taken from each client."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Go one step forward."""
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.add_column(sa.Column("narrowings", sa.Integer(), nullable=False, server_default=sa.text("0")))


def downgrade() -> None:
    """Go one step back."""
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.drop_column("narrowings")
