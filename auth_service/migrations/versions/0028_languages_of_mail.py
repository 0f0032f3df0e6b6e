"""Mail is written in the language that its reader reads."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Go one step forward."""
    for table in ("accounts", "queued_mails"):
        op.add_column(table, sa.Column("language", sa.String(length=35)))


def downgrade() -> None:
    """Go one step back."""
    for table in ("accounts", "queued_mails"):
        with op.batch_alter_table(table) as altered:
            altered.drop_column("language")
