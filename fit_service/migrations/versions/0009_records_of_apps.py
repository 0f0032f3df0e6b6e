"""Entries, and what is known of deleted ones, keep the id and the version by which an app knows them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_TABLES = ("body_weights", "staged_entries", "deleted_entries")
_COLUMNS = ("client_id", "client_record_id", "client_record_version")
_INDEXES = {"body_weights": "ix_body_weights_record", "deleted_entries": "ix_deleted_entries_record"}


def upgrade() -> None:
    """Go one step forward. What is there has no such id."""
    for table in _TABLES:
        op.add_column(table, sa.Column("client_id", sa.String(length=64), nullable=True))
        op.add_column(table, sa.Column("client_record_id", sa.String(length=128), nullable=True))
        op.add_column(table, sa.Column("client_record_version", sa.BigInteger(), nullable=True))
    has_one = sa.text("client_record_id IS NOT NULL")
    for table, index in _INDEXES.items():
        op.create_index(
            index,
            table,
            ["subject", "client_id", "client_record_id"],
            unique=table == "body_weights",
            sqlite_where=has_one,
            postgresql_where=has_one,
        )


def downgrade() -> None:
    """Go one step back. Apps no longer find their records, and what they send again is inserted once more."""
    for table, index in _INDEXES.items():
        op.drop_index(index, table)
    for table in _TABLES:
        with op.batch_alter_table(table) as changed:
            for name in _COLUMNS:
                changed.drop_column(name)
