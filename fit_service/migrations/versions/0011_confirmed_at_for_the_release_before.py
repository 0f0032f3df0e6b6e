"""0004 took a column away that the release before writes and reads. It is there again until that one is gone."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Go one step forward. To the release before, webhooks of the new one seem never to have been confirmed."""
    op.add_column("webhooks", sa.Column("confirmed_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")))


def downgrade() -> None:
    """Go one step back."""
    with op.batch_alter_table("webhooks") as webhooks:
        webhooks.drop_column("confirmed_at")
