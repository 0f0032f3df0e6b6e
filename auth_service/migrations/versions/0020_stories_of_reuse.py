"""What is kept of a grant that ended because one of its credentials came twice."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "token_reuses",
        sa.Column("grant_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("uses", sa.JSON(), nullable=False),
        sa.Column("answer", sa.String(length=10)),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_token_reuses")),
    )
    op.create_index(op.f("ix_token_reuses_account_id_answer"), "token_reuses", ["account_id", "answer"])
    op.create_index(op.f("ix_token_reuses_at"), "token_reuses", ["at"])


def downgrade() -> None:
    """Go one step back."""
    op.drop_table("token_reuses")
