"""alembic runs this for each upgrade; the connection comes from `journal.upgrade`."""

from __future__ import annotations

from alembic import context

from infra_ctl.journal.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
