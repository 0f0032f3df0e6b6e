"""A resource server says whether it checks DPoP proofs. That the Fit API does, which `make up` registers, is known."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Go one step forward."""
    with op.batch_alter_table("resource_servers") as servers:
        servers.add_column(sa.Column("checks_dpop_proofs", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE resource_servers SET checks_dpop_proofs = true WHERE name = 'moogle-fit'")


def downgrade() -> None:
    """Go one step back."""
    with op.batch_alter_table("resource_servers") as servers:
        servers.drop_column("checks_dpop_proofs")
