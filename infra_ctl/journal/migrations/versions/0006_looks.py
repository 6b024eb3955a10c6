"""When each device and host was last looked at for drift, and when it was last seen without."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Nobody has looked before."""
    op.create_table(
        "looks",
        sa.Column("context", sa.String, primary_key=True),
        sa.Column("object", sa.String, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("drifted", sa.Boolean, nullable=False),
        sa.Column("right", sa.DateTime),
    )
