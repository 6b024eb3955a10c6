"""How often a run has failed before it was resumed: it ends well in the end, and has failed all the same."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """What runs that were resumed before had come to is not known."""
    op.add_column("runs", sa.Column("failures", sa.Integer, nullable=False, server_default="0"))
