"""A client's id may be the address of a document, which is longer than other ids.

SQLite holds no text to a length, so its columns stay as they are.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_NAMED_IN = (
    ("body_weights", "client_id", True),
    ("body_weights", "changed_by", True),
    ("staged_entries", "client_id", True),
    ("staged_entries", "changed_by", True),
    ("deleted_entries", "client_id", True),
    ("deleted_entries", "changed_by", True),
    ("webhooks", "client_id", False),
)
"""These columns have a client's id, and may be empty or not."""


def upgrade() -> None:
    """Go one step forward."""
    _resize(64, 255)


def downgrade() -> None:
    """Go one step back."""
    _resize(255, 64)


def _resize(before: int, after: int) -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    for table, column, nullable in _NAMED_IN:
        op.alter_column(
            table, column, existing_type=sa.String(before), type_=sa.String(after), existing_nullable=nullable
        )
