"""Security events say whose request it was and from where, are counted where strangers cause them, and stay."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_UNCHANGED = (
    "id",
    "at",
    "kind",
    "who",
    "network",
    "program",
    "request_id",
    "account_id",
    "client_id",
    "grant_id",
    "detail",
    "counted_as",
)


def upgrade() -> None:
    """Go one step forward."""
    for name, length in (("who", 10), ("network", 64), ("program", 40), ("request_id", 64), ("counted_as", 64)):
        op.add_column("security_events", sa.Column(name, sa.String(length=length)))
    op.add_column("security_events", sa.Column("times", sa.Integer(), nullable=False, server_default="1"))
    op.create_index(op.f("ix_security_events_account_id_id"), "security_events", ["account_id", "id"])
    op.create_index(op.f("ix_security_events_grant_id"), "security_events", ["grant_id"])
    op.create_index(op.f("ix_security_events_counted_as"), "security_events", ["counted_as"], unique=True)
    if op.get_bind().dialect.name == "sqlite":
        same = " AND ".join(f'NEW."{name}" IS OLD."{name}"' for name in _UNCHANGED)
        op.execute(
            "CREATE TRIGGER security_events_unchanged BEFORE UPDATE ON security_events "
            f"WHEN NOT (OLD.counted_as IS NOT NULL AND NEW.times > OLD.times AND {same}) "
            "BEGIN SELECT RAISE(ABORT, 'security events are not changed'); END"
        )
        op.execute(
            "CREATE TRIGGER security_events_kept BEFORE DELETE ON security_events "
            "BEGIN SELECT RAISE(ABORT, 'security events are not removed, but by database prune'); END"
        )


def downgrade() -> None:
    """Go one step back."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER security_events_kept")
        op.execute("DROP TRIGGER security_events_unchanged")
    op.drop_index(op.f("ix_security_events_counted_as"), "security_events")
    op.drop_index(op.f("ix_security_events_grant_id"), "security_events")
    op.drop_index(op.f("ix_security_events_account_id_id"), "security_events")
    with op.batch_alter_table("security_events") as batch_op:
        for name in ("counted_as", "times", "request_id", "program", "network", "who"):
            batch_op.drop_column(name)
