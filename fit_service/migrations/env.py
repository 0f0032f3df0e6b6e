"""Runs migrations on the connection that `storage/database.py` hands over."""

from alembic import context

from fit_service.models import entries, kept_answer, webhooks
from fit_service.models.base import Base

TABLES = (entries, kept_answer, webhooks)
"""They are imported so that `Base.metadata` knows every table when a migration is generated."""

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
