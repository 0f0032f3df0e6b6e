"""Each client's own word that an access token is revoked: while Redis has lost it, nobody knows whose it was."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Go one step forward."""
    _identify_by("digest", "client_id")


def downgrade() -> None:
    """Go one step back. Of several words about one token, one stays."""
    op.execute(
        "DELETE FROM revoked_access_tokens WHERE EXISTS (SELECT 1 FROM revoked_access_tokens AS other WHERE "
        "other.digest = revoked_access_tokens.digest AND other.client_id < revoked_access_tokens.client_id)"
    )
    _identify_by("digest")


def _identify_by(*columns: str) -> None:
    with op.batch_alter_table("revoked_access_tokens") as batch_op:
        batch_op.drop_constraint(op.f("pk_revoked_access_tokens"), type_="primary")
        batch_op.create_primary_key(op.f("pk_revoked_access_tokens"), list(columns))
