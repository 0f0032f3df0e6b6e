"""Whether a client may present a refresh token again is a policy. The seconds stay for the release before."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Go one step forward."""
    with op.batch_alter_table("clients") as clients:
        clients.add_column(sa.Column("retry", sa.String(20), nullable=False, server_default="strict"))
        clients.alter_column("grace_period", existing_type=sa.Integer(), server_default="0")
    op.execute("UPDATE clients SET retry = 'until-used' WHERE grace_period > 0")


def downgrade() -> None:
    """Go one step back."""
    with op.batch_alter_table("clients") as clients:
        clients.alter_column("grace_period", existing_type=sa.Integer(), server_default=None)
        clients.drop_column("retry")
