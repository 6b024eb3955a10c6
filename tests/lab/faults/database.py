"""The database of a journal, as somebody sees it who is not infra-ctl: read, gone, full."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg

from tests.postgresql import Server

Row = tuple[Any, ...]


class Database(Protocol):
    """Where a slice's journal is."""

    @property
    def url(self) -> str: ...

    def rows(self, query: str) -> list[Row]: ...

    @contextmanager
    def gone(self) -> Iterator[None]:
        """It does not answer for the block."""

    @contextmanager
    def full(self) -> Iterator[None]:
        """Nothing more can be written for the block."""


@dataclass(frozen=True, slots=True)
class File:
    """SQLite on a small disk of its own."""

    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / "journal.db"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def mount(self) -> None:
        self.folder.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(self.folder)], check=True)

    def unmount(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=False)

    def rows(self, query: str) -> list[Row]:
        if not self.path.exists():
            return []
        with closing(sqlite3.connect(self.path, timeout=10)) as connection:
            return connection.execute(query).fetchall()

    @contextmanager
    def gone(self) -> Iterator[None]:
        """As with a share that is away for a while: the files are not at their place."""
        away = self.folder / "away"
        away.mkdir()
        for file in self._files():
            file.rename(away / file.name)
        try:
            yield
        finally:
            for file in self._files():
                file.unlink()  # what was made in its place
            for file in away.iterdir():
                file.rename(self.folder / file.name)
            away.rmdir()

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("journal.db*"))

    @contextmanager
    def full(self) -> Iterator[None]:
        self.rows("PRAGMA wal_checkpoint(TRUNCATE)")  # or what its log has room for is still written
        fill = self.folder / "fill"
        subprocess.run(f"cat /dev/zero >{fill} 2>/dev/null", shell=True, check=False)
        try:
            yield
        finally:
            fill.unlink()


@dataclass(frozen=True, slots=True)
class Postgres:
    """A database of a PostgreSQL server that this slice has for itself."""

    server: Server
    name: str

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://tester@/{self.name}?host={self.server.home}"

    def rows(self, query: str) -> list[Row]:
        writing = "-c default_transaction_read_only=off"  # whatever the database says: see full()
        where = {"host": str(self.server.home), "user": "tester", "dbname": self.name, "options": writing}
        with psycopg.connect(**where, autocommit=True) as connection:
            answer = connection.execute(query.encode())
            return answer.fetchall() if answer.description else []

    @contextmanager
    def gone(self) -> Iterator[None]:
        self.server.stop()
        try:
            yield
        finally:
            self.server.start()

    @contextmanager
    def full(self) -> Iterator[None]:
        """A server whose disk is full lets nobody write: it says so of every transaction."""
        self._read_only("on")
        try:
            yield
        finally:
            self._read_only("off")

    def _read_only(self, way: str) -> None:
        """For the connections that there are too."""
        self.rows(f"ALTER DATABASE {self.name} SET default_transaction_read_only = {way}")
        self.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = '{self.name}' AND pid <> pg_backend_pid()"
        )
