"""Clients have one way to authenticate, perhaps with keys; a secret may overlap with its successor."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Go one step forward."""
    for table in ("clients", "resource_servers"):
        with op.batch_alter_table(table) as batch_op:
            batch_op.add_column(sa.Column("previous_secret_digest", sa.String(length=64), nullable=True))
            batch_op.add_column(sa.Column("previous_secret_expires_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("clients") as batch_op:
        batch_op.add_column(sa.Column("jwks", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("token_endpoint_auth_method", sa.String(length=40), nullable=True))
    clients = sa.table("clients", sa.column("secret_digest"), sa.column("token_endpoint_auth_method"))
    method = sa.case((clients.c.secret_digest.is_(None), "none"), else_="client_secret_basic")
    op.execute(clients.update().values(token_endpoint_auth_method=method))
    with op.batch_alter_table("clients") as batch_op:
        batch_op.alter_column("token_endpoint_auth_method", existing_type=sa.String(length=40), nullable=False)


def downgrade() -> None:
    """Go one step back."""
    with op.batch_alter_table("clients") as batch_op:
        batch_op.drop_column("token_endpoint_auth_method")
        batch_op.drop_column("jwks")
    for table in ("clients", "resource_servers"):
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_column("previous_secret_expires_at")
            batch_op.drop_column("previous_secret_digest")
