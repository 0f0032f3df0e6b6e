"""Changes know the app that made them, so that it can leave them out of what it is told."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_TABLES = ("body_weights", "staged_entries", "deleted_entries")


def upgrade() -> None:
    """Go one step forward. Of changes that were made nobody knows by whom: they are told to everybody."""
    for table in _TABLES:
        op.add_column(table, sa.Column("changed_by", sa.String(length=64), nullable=True))
    with op.batch_alter_table("webhooks") as webhooks:
        webhooks.add_column(sa.Column("own_changes", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    """Go one step back."""
    with op.batch_alter_table("webhooks") as webhooks:
        webhooks.drop_column("own_changes")
    for table in reversed(_TABLES):
        with op.batch_alter_table(table) as changed:
            changed.drop_column("changed_by")
