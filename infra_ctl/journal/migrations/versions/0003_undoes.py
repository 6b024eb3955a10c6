"""Which run a rollback takes back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Rollbacks from before do not say it."""
    op.add_column("runs", sa.Column("undoes", sa.String, nullable=False, server_default=""))
