"""The journal's tables, the same for SQLite and PostgreSQL."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

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
    Column("token", String, nullable=False, server_default=""),
    Column("beat", DateTime),
    Column("answered", Text, nullable=False, server_default=""),
    Column("undoes", String, nullable=False, server_default=""),
    Column("failures", Integer, nullable=False, server_default="0"),
)

steps = Table(
    "steps",
    metadata,
    Column("run", String, ForeignKey("runs.id"), primary_key=True),
    Column("device", String, primary_key=True),
    Column("wave", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("cause", Text, nullable=False),
    Column("diff", Text, nullable=False),
    Column("base", String, nullable=False),
    Column("result", String, nullable=False),
    Column("before", String, nullable=False, server_default=""),
    Column("after", String, nullable=False, server_default=""),
    Column("had", Text, nullable=False, server_default=""),
    Column("secrets", String, nullable=False, server_default=""),
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", String, ForeignKey("runs.id"), nullable=False),
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

converged = Table(
    "converged",
    metadata,
    Column("context", String, primary_key=True),
    Column("host", String, primary_key=True),
    Column("operations", Text, nullable=False),
)

looks = Table(
    "looks",
    metadata,
    Column("context", String, primary_key=True),
    Column("object", String, primary_key=True),
    Column("at", DateTime, nullable=False),
    Column("drifted", Boolean, nullable=False),
    Column("right", DateTime),
    Column("lines", Integer),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("digest", String, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

plans = Table(
    "plans",
    metadata,
    Column("run", String, ForeignKey("runs.id"), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

orders = Table(
    "orders",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", String, ForeignKey("runs.id"), nullable=False),
    Column("order", String, nullable=False),
    Column("user", String, nullable=False),
    Column("at", DateTime, nullable=False),
)

audits = Table(
    "audits",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("context", String, nullable=False),
    Column("laws", Text, nullable=False),
    Column("where", Text, nullable=False),
    Column("inventory", String, nullable=False),
    Column("objects", Integer, nullable=False),
    Column("user", String, nullable=False),
    Column("host", String, nullable=False),
    Column("process", String, nullable=False),
    Column("due", DateTime),
    Column("started", DateTime, nullable=False),
    Column("beat", DateTime, nullable=False),
    Column("ended", DateTime),
    Column("state", String, nullable=False),
    Column("judged", Integer, nullable=False),
    Column("counts", Text, nullable=False),
)
Index("audits_of_a_context", audits.c.context, audits.c.name, audits.c.started)

exhibits = Table(
    "exhibits",
    metadata,
    Column("audit", String, ForeignKey("audits.id"), primary_key=True),
    Column("kind", String, primary_key=True),
    Column("object", String, primary_key=True),
    Column("place", Integer, nullable=False),
    Column("taken", DateTime, nullable=False),
    Column("documents", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

findings = Table(
    "findings",
    metadata,
    Column("audit", String, ForeignKey("audits.id"), primary_key=True),
    Column("kind", String, primary_key=True),
    Column("object", String, primary_key=True),
    Column("place", Integer, nullable=False),
    Column("counts", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

messages = Table(
    "messages",
    metadata,
    Column("audit", String, ForeignKey("audits.id"), primary_key=True),
    Column("addressee", String, primary_key=True),
    Column("context", String, nullable=False),
    Column("name", String, nullable=False),
    Column("made", DateTime, nullable=False),
    Column("state", String, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("at", DateTime, nullable=False),
    Column("why", Text, nullable=False),
    Column("host", String, nullable=False),
    Column("process", String, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
