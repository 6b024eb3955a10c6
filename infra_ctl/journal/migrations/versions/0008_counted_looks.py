"""How much a look for drift found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Earlier looks did not count."""
    op.add_column("looks", sa.Column("lines", sa.Integer))
