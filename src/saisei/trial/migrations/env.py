"""Runs the steps on the connection that `saisei.trial.layout` hands over, inside its transaction."""

from __future__ import annotations

from alembic import context

from saisei.trial.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
