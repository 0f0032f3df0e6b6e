"""Whether a client may leave PKCE out is a policy."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Go one step forward."""
    with op.batch_alter_table("clients") as clients:
        clients.add_column(sa.Column("pkce", sa.String(20), nullable=False, server_default="required"))


def downgrade() -> None:
    """Go one step back."""
    with op.batch_alter_table("clients") as clients:
        clients.drop_column("pkce")
