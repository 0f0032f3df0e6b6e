"""Indexes through which the many grants of one account, or of one client, are read a portion at a time."""

from alembic import op

revision = "0016"
down_revision = "0015"

_WHOSE = ("account_id", "client_id")


def upgrade() -> None:
    """Go one step forward."""
    for column in _WHOSE:
        op.create_index(op.f(f"ix_grants_{column}_id"), "grants", [column, "id"])
        op.drop_index(op.f(f"ix_grants_{column}"), "grants")


def downgrade() -> None:
    """Go one step back."""
    for column in _WHOSE:
        op.create_index(op.f(f"ix_grants_{column}"), "grants", [column])
        op.drop_index(op.f(f"ix_grants_{column}_id"), "grants")
