"""Opening a journal: where it is looked for, and whether its tables are those that this version knows."""

from __future__ import annotations

from sqlalchemy import Engine

from infra_ctl.errors import InfraCtlError, JournalError, UnknownError
from infra_ctl.journal import database
from infra_ctl.journal.store import Journal


def open_journal(url: str) -> Journal:
    """The journal at `url` (SQLAlchemy form); a SQLite file is made, and brought up to date, by itself.

    Raises JournalError when the database cannot be opened, or is one for `infra-ctl db upgrade`.
    """
    return _opened(database.connect(url))


def kept_journal(url: str) -> Journal:
    """The journal at `url`, for who only reads it. Raises UnknownError where there is none: none is made."""
    engine = database.connect(url)
    if not database.is_there(engine):
        raise UnknownError(f"there is no journal yet at {database.shown(engine)}")
    return _opened(engine)


def _opened(engine: Engine) -> Journal:
    try:
        _bring_up(engine)
    except InfraCtlError:
        engine.dispose()
        raise
    return Journal(engine)


def _bring_up(engine: Engine) -> None:
    found = database.revision(engine)
    if found == database.REVISION:
        return
    if engine.dialect.name != "sqlite" and not database.obstacle(engine, found):
        where, wanted = database.shown(engine), database.REVISION
        raise JournalError(
            f"journal {where} is at revision {found or 'none'}, not {wanted}: infra-ctl db upgrade"
        )
    database.upgrade(engine)
