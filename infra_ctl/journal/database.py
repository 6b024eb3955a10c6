"""The database under the journal: SQLite in a file by default, PostgreSQL by URL, one code for both."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from infra_ctl.errors import JournalError, RefusedError, UnusableError

if TYPE_CHECKING:
    from alembic.config import Config

REVISION = "0009"
"""Of the tables that this version of infra-ctl reads and writes."""

FAILURES = (SQLAlchemyError, sqlite3.Error)
"""What a database raises that cannot be used; one that is only being opened has its own words for it."""


def connect(url: str) -> Engine:
    """The database at `url` (SQLAlchemy form). Raises UnusableError for a URL that is none."""
    try:
        where = make_url(url)
        # A server may have been started again meanwhile; a file has nobody who could hang up.
        engine = create_engine(where, pool_pre_ping=where.get_backend_name() != "sqlite")
    except (
        SQLAlchemyError,
        ImportError,
        ValueError,
    ) as exc:  # which may quote a password: the URL is not shown
        raise UnusableError(f"the journal's URL cannot be used: {str(exc).splitlines()[0]}") from exc
    if engine.dialect.name == "sqlite":
        file = _SameFile(_file(engine))
        event.listen(engine, "do_connect", file.refuse_another)
        event.listen(engine, "connect", file.remember)
        event.listen(engine, "connect", _sqlite_pragmas)
        event.listen(engine, "begin", file.refuse_another)
        event.listen(engine, "begin", _sqlite_begin)
    return engine


class _SameFile:
    """The file that was opened first. SQLite itself would write on to one that is gone, and make another."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._first: tuple[int, int] | None = None

    def remember(self, *_event: object) -> None:
        self._first = self._first or self._identity()

    def refuse_another(self, *_event: object) -> None:
        if self._first is not None and self._identity() != self._first:
            raise sqlite3.OperationalError("its file is gone, or is another by now")

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino


@contextmanager
def connected(url: str) -> Iterator[Engine]:
    """The database at `url`, until the block ends. Raises UnusableError for a URL that is none."""
    engine = connect(url)
    try:
        yield engine
    finally:
        engine.dispose()


def revision(engine: Engine) -> str:
    """Of the tables that there are; empty where there are none, or from before there were revisions.

    Raises JournalError where the database does not answer.
    """
    if not is_there(engine):
        return ""  # looking would make it
    try:
        if not inspect(engine).has_table("alembic_version"):
            return ""
        with engine.connect() as connection:
            return connection.scalar(text("SELECT version_num FROM alembic_version")) or ""
    except FAILURES as exc:
        raise error(engine, exc) from exc


def is_there(engine: Engine) -> bool:
    """Whether there is something to look into: a SQLite file is made by whoever opens it."""
    return engine.dialect.name != "sqlite" or _file(engine).exists()


def obstacle(engine: Engine, found: str) -> str:
    """Why tables at a revision that was `found` cannot be brought up to ours; empty where they can."""
    if found.isdecimal() and found > REVISION:
        return "a newer infra-ctl made it"
    if found:
        return "" if found.isdecimal() else "it is no journal: its revisions are something else's"
    if not is_there(engine):
        return ""
    try:
        there = inspect(engine).get_table_names()
    except SQLAlchemyError as exc:
        raise error(engine, exc) from exc
    return "it is no journal: it has tables of something else" if there and "runs" not in there else ""


def upgrade(engine: Engine, to: str = REVISION) -> None:
    """Bring the tables to a revision, all or nothing. Raises JournalError.

    Raises RefusedError where they are of a newer infra-ctl, or of something else.
    """
    found = revision(engine)
    if cause := obstacle(engine, found):
        raise RefusedError(f"journal {shown(engine)}, revision {found or 'none'}: {cause}")
    from alembic import command
    from alembic.util import CommandError

    if engine.dialect.name == "sqlite":
        _file(engine).parent.mkdir(parents=True, exist_ok=True)
    try:
        with engine.execution_options(writes=True).begin() as connection:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, to)
    except FAILURES as exc:
        raise error(engine, exc) from exc
    except CommandError as exc:
        raise JournalError(f"journal {shown(engine)}: {exc}: is this infra-ctl older?") from exc


def error(engine: Engine, exc: Exception) -> JournalError:
    """One line, without the password that the URL may have."""
    cause = str(getattr(exc, "orig", None) or exc).splitlines()[0]
    return JournalError(f"journal {shown(engine)}: {cause}")


def shown(engine: Engine) -> str:
    """Where a database is, without its passwords: libpq takes them in the query too."""
    hidden = {name: "***" for name in engine.url.query if "pass" in name.lower()}
    return engine.url.update_query_dict(hidden).render_as_string()


def lock_for_writing(connection: Connection, table: str) -> None:
    """Whoever reads a table to decide what to write waits here; SQLite's writers have locked already."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")


def _file(engine: Engine) -> Path:
    return Path(engine.url.database or "")


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(resources.files("infra_ctl.journal") / "migrations"))
    return config


def _sqlite_pragmas(connection: Any, _record: object) -> None:
    """WAL lets `show run` read while a deploy writes; transactions begin where SQLAlchemy says so."""
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA busy_timeout=10000")
    connection.execute("PRAGMA foreign_keys=ON")


def _sqlite_begin(connection: Connection) -> None:
    """A writer locks before it reads, so that two runs that start together see each other."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
