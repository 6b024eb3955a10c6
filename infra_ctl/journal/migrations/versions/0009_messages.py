"""Messages: who is told what of an audit, and whether that got there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Nobody was told of anything before."""
    op.create_table(
        "messages",
        sa.Column("audit", sa.String, sa.ForeignKey("audits.id"), primary_key=True),
        sa.Column("addressee", sa.String, primary_key=True),
        sa.Column("context", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("made", sa.DateTime, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("host", sa.String, nullable=False),
        sa.Column("process", sa.String, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
