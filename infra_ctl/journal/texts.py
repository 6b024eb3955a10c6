"""Texts as the journal keeps them: packed, and what devices ran once, whoever ran it."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select

from infra_ctl.journal.schema import snapshots

_KEPT = select(snapshots.c.digest).where(snapshots.c.digest == bindparam("of_digest"))
_SNAPSHOT = insert(snapshots)
"""Made once: see those of `store`."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A text as it is kept: once, whoever runs it. It is packed before any thread waits for another."""

    digest: str
    content: bytes

    @classmethod
    def of(cls, text: str) -> Snapshot:
        return cls(hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest(), packed(text))

    def keep(self, connection: Connection) -> None:
        if connection.scalar(_KEPT, {"of_digest": self.digest}) is None:
            connection.execute(_SNAPSHOT, {"digest": self.digest, "content": self.content})


def packed(text: str) -> bytes:
    """Also what is no UTF-8, byte for byte."""
    return zlib.compress(text.encode(errors="surrogateescape"))


def unpacked(content: bytes) -> str:
    """What was packed."""
    return zlib.decompress(content).decode(errors="surrogateescape")
