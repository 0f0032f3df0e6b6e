"""Accounts are deleted: at once for the person, later in fact, and then resource servers are told."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Go one step forward."""
    op.add_column("accounts", sa.Column("deleted_at", sa.DateTime(timezone=True)))
    op.create_index(op.f("ix_accounts_deleted_at"), "accounts", ["deleted_at"])
    op.create_table(
        "deletion_notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("resource_server_name", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["resource_server_name"],
            ["resource_servers.name"],
            name=op.f("fk_deletion_notices_resource_server_name_resource_servers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deletion_notices")),
    )
    op.create_index(
        op.f("ix_deletion_notices_resource_server_name_id"), "deletion_notices", ["resource_server_name", "id"]
    )
    op.create_index(
        op.f("ix_deletion_notices_resource_server_name_subject"),
        "deletion_notices",
        ["resource_server_name", "subject"],
        unique=True,
    )


def downgrade() -> None:
    """Go one step back."""
    op.drop_table("deletion_notices")
    op.drop_index(op.f("ix_accounts_deleted_at"), "accounts")
    with op.batch_alter_table("accounts") as accounts:
        accounts.drop_column("deleted_at")
