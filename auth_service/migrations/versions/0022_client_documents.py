"""A client may be described by a document, and be called by its address, which is longer than other ids.

SQLite holds no text to a length, so its columns stay as they are.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

_NAMED_IN = (
    ("clients", False),
    ("consents", False),
    ("grants", False),
    ("revoked_access_tokens", False),
    ("security_events", True),
    ("token_reuses", False),
    ("withdrawals", False),
)
"""These tables have a `client_id`, which may be empty or not."""


def upgrade() -> None:
    """Go one step forward."""
    _resize(64, 255)
    with op.batch_alter_table("clients") as clients:
        clients.add_column(sa.Column("document_fresh_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Go one step back."""
    with op.batch_alter_table("clients") as clients:
        clients.drop_column("document_fresh_until")
    _resize(255, 64)


def _resize(before: int, after: int) -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    for table, nullable in _NAMED_IN:
        op.alter_column(
            table, "client_id", existing_type=sa.String(before), type_=sa.String(after), existing_nullable=nullable
        )
