"""When scopes were last taken from a grant."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Go one step forward."""
    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.add_column(sa.Column("narrowed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_grants_narrowed_at"), ["narrowed_at"], unique=False)


def downgrade() -> None:
    """Go one step back."""
    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_grants_narrowed_at"))
        batch_op.drop_column("narrowed_at")
