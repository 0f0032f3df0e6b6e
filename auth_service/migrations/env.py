"""Runs migrations on the connection that `storage/database.py` hands over."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from auth_service.models import (
    account,
    client,
    consent,
    deletion_notice,
    factor,
    grant,
    initial_access_token,
    one_time_link,
    queued_mail,
    resource_server,
    revoked_access_token,
    security_event,
    signing_key,
    token_reuse,
    withdrawal,
)
from auth_service.models.base import Base, UtcDateTime, Words

TABLES = (
    account,
    client,
    consent,
    deletion_notice,
    factor,
    grant,
    initial_access_token,
    one_time_link,
    queued_mail,
    resource_server,
    revoked_access_token,
    security_event,
    signing_key,
    token_reuse,
    withdrawal,
)
"""Imported so that `Base.metadata` knows every table when a migration is generated."""


def render_item(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Our column types as what the database sees of them, so that old migrations never need our code."""
    if kind != "type":
        return False
    if isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return "sa.JSON()" if isinstance(item, Words) else False


connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True, render_item=render_item)
with context.begin_transaction():
    context.run_migrations()
