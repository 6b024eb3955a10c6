"""Runs, their steps and events, and what each device was last seen to run as intended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """A journal from before there were revisions has these tables already."""
    if sa.inspect(op.get_bind()).has_table("runs"):
        return
    op.create_table(
        "runs",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("context", sa.String, nullable=False),
        sa.Column("user", sa.String, nullable=False),
        sa.Column("host", sa.String, nullable=False),
        sa.Column("process", sa.String, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("ticket", sa.String, nullable=False),
        sa.Column("inventory", sa.String, nullable=False),
        sa.Column("started", sa.DateTime, nullable=False),
        sa.Column("ended", sa.DateTime),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
    )
    op.create_table(
        "steps",
        sa.Column("run", sa.String, sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("device", sa.String, primary_key=True),
        sa.Column("wave", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("diff", sa.Text, nullable=False),
        sa.Column("base", sa.String, nullable=False),
        sa.Column("result", sa.String, nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run", sa.String, sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("device", sa.String, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("events_of_a_device", "events", ["run", "device", "id"])
    op.create_table(
        "synced",
        sa.Column("context", sa.String, primary_key=True),
        sa.Column("device", sa.String, primary_key=True),
        sa.Column("intended", sa.String, nullable=False),
        sa.Column("running", sa.String, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
