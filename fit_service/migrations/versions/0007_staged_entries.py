"""Imports are laid down where nobody sees them before they become visible in one step."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "staged_entries",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("import_id", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("thousandths", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(length=3), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("utc_offset", sa.Integer(), nullable=True),
        sa.Column("origin", sa.String(length=8), nullable=True),
        sa.Column("stored_at", sa.BigInteger(), nullable=True),
        sa.Column("modified_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staged_entries")),
    )
    op.create_index("ix_staged_entries_import_id", "staged_entries", ["import_id"])


def downgrade() -> None:
    """Go one step back."""
    op.drop_table("staged_entries")
