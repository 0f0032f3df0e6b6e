"""Changes are numbered per person, tombstones and answers are kept, amounts are whole thousandths."""

from decimal import Decimal
from itertools import groupby

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_BATCH = 1000


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "deleted_entries",
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "change", name=op.f("pk_deleted_entries")),
    )
    op.create_index("ix_deleted_entries_age", "deleted_entries", ["subject", "deleted_at"])
    op.create_table(
        "change_counters",
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("last_change", sa.BigInteger(), nullable=False),
        sa.Column("forgotten", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_change_counters")),
    )
    op.create_table(
        "kept_answers",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("request", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("location", sa.String(length=255), nullable=True),
        sa.Column("etag", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_answers")),
    )
    op.create_index("ix_kept_answers_expires_at", "kept_answers", ["expires_at"])
    with op.batch_alter_table("body_weights") as body_weights:
        body_weights.add_column(sa.Column("thousandths", sa.BigInteger(), nullable=True))
        body_weights.add_column(sa.Column("change", sa.BigInteger(), nullable=True))
    _number_what_there_is()
    with op.batch_alter_table("body_weights") as body_weights:
        body_weights.alter_column("thousandths", existing_type=sa.BigInteger(), nullable=False)
        body_weights.alter_column("change", existing_type=sa.BigInteger(), nullable=False)
        body_weights.drop_column("amount")
        body_weights.create_index("ix_body_weights_change", ["subject", "change"])


def _number_what_there_is() -> None:
    connection = op.get_bind()
    found = sa.text("SELECT subject, id, amount FROM body_weights ORDER BY subject, created_at, id")
    change = sa.text("UPDATE body_weights SET thousandths = :thousandths, change = :change WHERE id = :id")
    count = sa.text("INSERT INTO change_counters (subject, last_change, forgotten) VALUES (:subject, :last_change, 0)")
    rows = connection.execute(found).all()
    numbered, counters = [], []
    for subject, entries in groupby(rows, key=lambda row: row.subject):
        number = 0
        for number, entry in enumerate(entries, start=1):
            numbered.append({"id": entry.id, "thousandths": int(Decimal(entry.amount) * 1000), "change": number})
        counters.append({"subject": subject, "last_change": number})
    for statement, values in ((change, numbered), (count, counters)):
        for begin in range(0, len(values), _BATCH):
            connection.execute(statement, values[begin : begin + _BATCH])


def downgrade() -> None:
    """Go one step back."""
    with op.batch_alter_table("body_weights") as body_weights:
        body_weights.add_column(sa.Column("amount", sa.String(length=20), nullable=True))
    connection = op.get_bind()
    back = sa.text("UPDATE body_weights SET amount = :amount WHERE id = :id")
    rows = connection.execute(sa.text("SELECT id, thousandths FROM body_weights")).all()
    amounts = [{"id": row.id, "amount": f"{Decimal(row.thousandths).scaleb(-3):f}"} for row in rows]
    for begin in range(0, len(amounts), _BATCH):
        connection.execute(back, amounts[begin : begin + _BATCH])
    with op.batch_alter_table("body_weights") as body_weights:
        body_weights.drop_index("ix_body_weights_change")
        body_weights.alter_column("amount", existing_type=sa.String(length=20), nullable=False)
        body_weights.drop_column("change")
        body_weights.drop_column("thousandths")
    op.drop_table("kept_answers")
    op.drop_table("change_counters")
    op.drop_table("deleted_entries")
