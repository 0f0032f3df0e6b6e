"""A client has a home page, and its publisher if an operator says who that is."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Go one step forward."""
    op.add_column("clients", sa.Column("client_uri", sa.String(255)))
    op.add_column("clients", sa.Column("publisher", sa.String(100)))


def downgrade() -> None:
    """Go one step back."""
    with op.batch_alter_table("clients") as clients:
        clients.drop_column("publisher")
        clients.drop_column("client_uri")
