"""Audits: what was judged, on what, and what came of it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Nothing was audited before."""
    op.create_table(
        "audits",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("context", sa.String, nullable=False),
        sa.Column("laws", sa.Text, nullable=False),
        sa.Column("where", sa.Text, nullable=False),
        sa.Column("inventory", sa.String, nullable=False),
        sa.Column("objects", sa.Integer, nullable=False),
        sa.Column("user", sa.String, nullable=False),
        sa.Column("host", sa.String, nullable=False),
        sa.Column("process", sa.String, nullable=False),
        sa.Column("due", sa.DateTime),
        sa.Column("started", sa.DateTime, nullable=False),
        sa.Column("beat", sa.DateTime, nullable=False),
        sa.Column("ended", sa.DateTime),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("judged", sa.Integer, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
    )
    op.create_index("audits_of_a_context", "audits", ["context", "name", "started"])
    op.create_table(
        "exhibits",
        *_of_an_object(),
        sa.Column("taken", sa.DateTime, nullable=False),
        sa.Column("documents", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "findings",
        *_of_an_object(),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )


def _of_an_object() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("audit", sa.String, sa.ForeignKey("audits.id"), primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("object", sa.String, primary_key=True),
        sa.Column("place", sa.Integer, nullable=False),
    )
