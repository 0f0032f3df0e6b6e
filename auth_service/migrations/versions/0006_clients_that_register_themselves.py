"""Clients that register themselves, and the tokens with which they may."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "initial_access_tokens",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_initial_access_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_initial_access_tokens_digest")),
    )
    with op.batch_alter_table("clients") as batch_op:
        batch_op.add_column(sa.Column("registration_token_digest", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("unused_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_clients_unused_until"), ["unused_until"], unique=False)


def downgrade() -> None:
    """Go one step back."""
    with op.batch_alter_table("clients") as batch_op:
        batch_op.drop_index(batch_op.f("ix_clients_unused_until"))
        batch_op.drop_column("unused_until")
        batch_op.drop_column("registration_token_digest")
    op.drop_table("initial_access_tokens")
