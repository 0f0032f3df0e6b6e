"""What OpenID Connect needs to know of clients."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Go one step forward."""
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("post_logout_redirect_uris", sa.JSON(), nullable=False, server_default=sa.text("'[]'"))
        )
        batch_op.add_column(
            sa.Column("id_token_signed_response_alg", sa.String(length=10), nullable=False, server_default="RS256")
        )


def downgrade() -> None:
    """Go one step back."""
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.drop_column("id_token_signed_response_alg")
        batch_op.drop_column("post_logout_redirect_uris")
