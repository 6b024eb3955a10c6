"""Messages in the journal: written before any is sent, each taken by one process at a time."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, func, insert, select, update

from infra_ctl.journal import database, process
from infra_ctl.journal.audits import Connecting
from infra_ctl.journal.records import Message, Telling, now
from infra_ctl.journal.schema import messages
from infra_ctl.journal.texts import packed, unpacked

OWED = (Telling.WAITING, Telling.SENDING)


class Messages:
    """Who is told what of which audit. Safe to use from several threads."""

    def __init__(self, write: Connecting, read: Connecting) -> None:
        self._write, self._read = write, read

    def add(self, audit: str, made: Iterable[Message]) -> None:
        """All of an audit's, or none; nothing where it has some: somebody else was first."""
        rows = [_row(each) for each in made]
        with self._write() as connection:
            database.lock_for_writing(connection, "messages")
            if rows and not connection.scalar(_number(audit)):
                connection.execute(insert(messages), rows)

    def has(self, audit: str) -> bool:
        """Whether it is settled who is told of an audit."""
        with self._read() as connection:
            return bool(connection.scalar(_number(audit)))

    def owed(self, context: str) -> tuple[Message, ...]:
        """Those that are to be sent, oldest first; one that somebody is sending is not."""
        query = select(messages).where(messages.c.context == context, messages.c.state.in_(OWED))
        with self._read() as connection:
            rows = connection.execute(query.order_by(messages.c.made, messages.c.addressee)).mappings()
            found = [_message(row) for row in rows]
        return tuple(each for each in found if not _is_being_sent(each))

    def take(self, message: Message) -> bool:
        """Say that we send it now. False where somebody else was first."""
        ours = {"host": socket.gethostname(), "process": process.identity(os.getpid())}
        values = {"state": Telling.SENDING, "tries": message.tries + 1, "at": now(), **ours}
        as_read = (messages.c.state == message.state, messages.c.tries == message.tries)
        with self._write() as connection:
            taken = connection.execute(update(messages).where(_is(message), *as_read).values(values))
        return taken.rowcount == 1

    def end(self, message: Message, state: Telling, why: str = "") -> None:
        """How it went: WAITING is for the next time."""
        with self._write() as connection:
            values = {"state": state, "why": why, "at": now()}
            connection.execute(update(messages).where(_is(message)).values(values))

    def last(self, context: str, state: Telling) -> tuple[Message, ...]:
        """The newest message of each audit by name to each addressee, where it ended so."""
        of = messages.c.name, messages.c.addressee
        newest = (
            select(*of, func.max(messages.c.made).label("made"))
            .where(messages.c.context == context)
            .group_by(*of)
            .subquery()
        )
        same = (newest.c.name == messages.c.name) & (newest.c.addressee == messages.c.addressee)
        query = select(messages).join(newest, same & (newest.c.made == messages.c.made))
        with self._read() as connection:
            wanted = query.where(messages.c.context == context, messages.c.state == state)
            return tuple(_message(row) for row in connection.execute(wanted.order_by(*of)).mappings())

    def of(self, audit: str) -> tuple[Message, ...]:
        """Who was told what of one audit, by addressee."""
        query = select(messages).where(messages.c.audit == audit).order_by(messages.c.addressee)
        with self._read() as connection:
            return tuple(_message(row) for row in connection.execute(query).mappings())


def _number(audit: str) -> Any:
    return select(func.count()).select_from(messages).where(messages.c.audit == audit)


def _is(message: Message) -> ColumnElement[bool]:
    return (messages.c.audit == message.audit) & (messages.c.addressee == message.addressee)


def _is_being_sent(message: Message) -> bool:
    if message.state is not Telling.SENDING:
        return False
    if message.host != socket.gethostname():
        return abs(now() - message.at) < process.ELSEWHERE
    return process.identity(int(message.process.split(":")[0])) == message.process


def _row(message: Message) -> Mapping[str, object]:
    return {**asdict(message), "content": packed(message.content)}


def _message(row: RowMapping) -> Message:
    return Message(**{**row, "state": Telling(row["state"]), "content": unpacked(row["content"])})
