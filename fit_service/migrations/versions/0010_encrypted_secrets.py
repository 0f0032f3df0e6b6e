"""Room for webhooks' signing secrets that are encrypted. Those that are there stay as they are."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Go one step forward."""
    with op.batch_alter_table("webhooks") as changed:
        changed.alter_column("secret", existing_type=sa.String(length=64), type_=sa.String(length=400))


def downgrade() -> None:
    """Go one step back, which PostgreSQL refuses while a secret is encrypted: the release before can't read it."""
    with op.batch_alter_table("webhooks") as changed:
        changed.alter_column("secret", existing_type=sa.String(length=400), type_=sa.String(length=64))
