"""What a run can be resumed and rolled back from: its plan, its name on the devices, what they ran before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Runs from before have none of it: they cannot be resumed."""
    op.add_column("runs", sa.Column("token", sa.String, nullable=False, server_default=""))
    op.add_column("runs", sa.Column("beat", sa.DateTime))
    op.add_column("runs", sa.Column("answered", sa.Text, nullable=False, server_default=""))
    for name, kind in (("before", sa.String), ("after", sa.String), ("had", sa.Text), ("secrets", sa.String)):
        op.add_column("steps", sa.Column(name, kind, nullable=False, server_default=""))
    op.create_table(
        "snapshots",
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "plans",
        sa.Column("run", sa.String, sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run", sa.String, sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("order", sa.String, nullable=False),
        sa.Column("user", sa.String, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
    )
