"""The journal's tables, the same for SQLite and PostgreSQL."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

runs = Table(
    "runs",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("context", String, nullable=False),
    Column("user", String, nullable=False),
    Column("host", String, nullable=False),
    Column("process", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ticket", String, nullable=False),
    Column("inventory", String, nullable=False),
    Column("started", DateTime, nullable=False),
    Column("ended", DateTime),
    Column("state", String, nullable=False),
    Column("summary", Text, nullable=False),
)

steps = Table(
    "steps",
    metadata,
    Column("run", ForeignKey("runs.id"), primary_key=True),
    Column("device", String, primary_key=True),
    Column("wave", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("cause", Text, nullable=False),
    Column("diff", Text, nullable=False),
    Column("base", String, nullable=False),
    Column("result", String, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", ForeignKey("runs.id"), nullable=False),
    Column("device", String, nullable=False),
    Column("at", DateTime, nullable=False),
    Column("state", String, nullable=False),
    Column("detail", Text, nullable=False),
)
Index("events_of_a_device", events.c.run, events.c.device, events.c.id)

synced = Table(
    "synced",
    metadata,
    Column("context", String, primary_key=True),
    Column("device", String, primary_key=True),
    Column("intended", String, nullable=False),
    Column("running", String, nullable=False),
    Column("text", Text, nullable=False),
)
