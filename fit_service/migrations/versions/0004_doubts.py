"""How often it was lost who still consents: counted with the place in the feed, noted by each webhook."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Go one step forward."""
    with op.batch_alter_table("feed_position") as batch_op:
        batch_op.add_column(sa.Column("doubts", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    op.execute(
        "INSERT INTO feed_position (id, cursor, read_at) SELECT 1, '', 0 WHERE NOT EXISTS (SELECT 1 FROM feed_position)"
    )
    with op.batch_alter_table("webhooks") as batch_op:
        batch_op.add_column(sa.Column("doubts", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
        batch_op.drop_column("confirmed_at")


def downgrade() -> None:
    """Go one step back. Nobody knows any more when consent was confirmed: the next doubt reaches every webhook."""
    with op.batch_alter_table("webhooks") as batch_op:
        batch_op.add_column(sa.Column("confirmed_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
        batch_op.drop_column("doubts")
    op.execute("DELETE FROM feed_position WHERE cursor = ''")
    with op.batch_alter_table("feed_position") as batch_op:
        batch_op.drop_column("doubts")
