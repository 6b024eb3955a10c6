"""What each host was last seen to be as intended: a host is not a device, and has no configuration."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Of hosts nothing was known before."""
    op.create_table(
        "converged",
        sa.Column("context", sa.String, primary_key=True),
        sa.Column("host", sa.String, primary_key=True),
        sa.Column("operations", sa.Text, nullable=False),
    )
