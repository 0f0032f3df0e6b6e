"""Accounts may have an e-mail address."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Go one step forward."""
    with op.batch_alter_table("accounts") as accounts:
        accounts.add_column(sa.Column("email", sa.String(254)))
        accounts.add_column(sa.Column("email_verified", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Go one step back."""
    with op.batch_alter_table("accounts") as accounts:
        accounts.drop_column("email_verified")
        accounts.drop_column("email")
