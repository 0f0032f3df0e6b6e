"""Indexes that are missed with many clients: those with origins, and the consents of one that goes."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Go one step forward."""
    with_origins = sa.text("CAST(origins AS VARCHAR) != '[]'")
    op.create_index(
        "ix_clients_with_origins",
        "clients",
        ["deleted_at"],
        sqlite_where=with_origins,
        postgresql_where=with_origins,
    )
    op.create_index(op.f("ix_consents_client_id"), "consents", ["client_id"])


def downgrade() -> None:
    """Go one step back."""
    op.drop_index(op.f("ix_consents_client_id"), "consents")
    op.drop_index("ix_clients_with_origins", "clients")
