"""Audits in the journal: each object's findings and evidence, kept as soon as it is judged.

Findings and facts are kept packed, a row an object; a document once, however many audits found it so.
"""

from __future__ import annotations

import json
import os
import socket
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from getpass import getuser
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Table,
    and_,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)

from infra_ctl.controls import stored
from infra_ctl.controls.exhibit import KINDS, Document, Exhibit, Kind
from infra_ctl.controls.finding import Finding, Key
from infra_ctl.errors import RefusedError, UnknownError, UnknownFormError
from infra_ctl.journal import database, process
from infra_ctl.journal.records import Asking, Audit, RunState, now
from infra_ctl.journal.schema import audits, exhibits, findings, snapshots
from infra_ctl.journal.texts import Snapshot, packed, unpacked
from infra_ctl.outcome import Verdict

ByLaw: TypeAlias = dict[str, dict[Verdict, int]]
Connecting: TypeAlias = Callable[[], AbstractContextManager[Connection]]
"""The journal's, for as long as a block lasts."""

_EXHIBIT = select(
    *(exhibits.c[name] for name in ("audit", "place", "kind", "object", "taken", "documents", "content"))
)


@dataclass(frozen=True, slots=True)
class Audited:
    """The newest audit of a name: for which occasion it was run, and when one last came to its end."""

    due: datetime
    ended: datetime


AT_ONCE = 100
"""Objects that are read in one go: however large an audit is, no more of it is in memory."""


class Audits:
    """What was audited, and what came of it. Safe to use from several threads."""

    def __init__(self, write: Connecting, read: Connecting) -> None:
        self._write, self._read = write, read

    def start(self, asking: Asking) -> Audit:
        """Raises RefusedError while the same is asked already: one of this name, or these laws by hand."""
        with self._write() as connection:
            database.lock_for_writing(connection, "audits")
            _refuse_second(connection, asking)
            audit = Audit(
                id=_next_id(connection),
                **asdict(asking),
                **_ours(),
                started=now(),
                beat=now(),
                ended=None,
                state=RunState.RUNNING,
                counts={},
            )
            connection.execute(insert(audits).values(_row(audit)))
        return audit

    def reopen(self, audit: Audit) -> Audit:
        """Go on with one that was left. Raises RefusedError as `start` does."""
        ours = replace(audit, **_ours(), beat=now(), ended=None, state=RunState.RUNNING)
        with self._write() as connection:
            database.lock_for_writing(connection, "audits")
            _refuse_second(connection, audit)
            connection.execute(update(audits).where(audits.c.id == audit.id).values(_row(ours)))
        return ours

    def keep(self, audit: Audit, place: int, exhibit: Exhibit, found: Sequence[Finding]) -> None:
        """What was collected of one object, and what it was judged; the last word on it is kept.

        `place` is the object's in the order of all. Raises RefusedError where somebody took the audit over.
        """
        documents = {name: _snapshot(each) for name, each in exhibit.documents.items()}
        sources = {name: (exhibit.documents[name].source, each.digest) for name, each in documents.items()}
        of = {"audit": audit.id, "kind": exhibit.kind, "object": exhibit.object, "place": place}
        collected = {
            "taken": exhibit.taken,
            "documents": json.dumps(sources, ensure_ascii=False),
            "content": packed(stored.text(replace(exhibit, documents={}))),
        }
        judged = {"counts": json.dumps(_counted(found)), "content": packed(stored.findings_text(found))}
        with self._write() as connection:
            _hold(connection, audit)
            for each in documents.values():
                each.keep(connection)
            for table, values in ((exhibits, collected), (findings, judged)):
                connection.execute(delete(table).where(_of(table, audit.id, exhibit)))
                connection.execute(insert(table), {**of, **values})

    def end(self, audit: Audit, state: RunState) -> Audit:
        """Raises RefusedError as `keep` does."""
        with self._write() as connection:
            _hold(connection, audit)
            judged, by_law = _so_far(connection, audit.id)
            values = {"state": state, "ended": now(), "judged": judged, "counts": json.dumps(by_law)}
            connection.execute(update(audits).where(audits.c.id == audit.id).values(values))
        return self.one(audit.id)

    def kept(self, audit: str) -> Mapping[tuple[Kind, str], datetime]:
        """The objects that are judged and kept, with when their evidence was taken."""
        query = select(exhibits.c.kind, exhibits.c.object, exhibits.c.taken)
        with self._read() as connection:
            found = connection.execute(query.where(exhibits.c.audit == audit))
            return {(row.kind, row.object): row.taken for row in found}

    def list(
        self,
        context: str,
        *,
        name: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[Audit, ...]:
        """Those that started from `since` on and before `until`, oldest first."""
        query = select(audits).where(audits.c.context == context).order_by(audits.c.started, audits.c.id)
        if name is not None:
            query = query.where(audits.c.name == name)
        if since is not None:
            query = query.where(audits.c.started >= since)
        if until is not None:
            query = query.where(audits.c.started < until)
        with self._read() as connection:
            return tuple(_audit(connection, row) for row in connection.execute(query).mappings().all())

    def one(self, audit: str) -> Audit:
        """Raises UnknownError where there is no such audit."""
        with self._read() as connection:
            row = connection.execute(select(audits).where(audits.c.id == audit)).mappings().first()
            if row is not None:
                return _audit(connection, row)
        raise UnknownError(f"there is no audit {audit}; infra-ctl audit list has them")

    def findings(self, audit: str) -> Iterator[Finding]:
        """In the order of objects. Raises UnknownFormError."""
        query = select(findings.c.audit, findings.c.place, findings.c.content)
        for rows in self._pages(query.where(findings.c.audit == audit), findings):
            for row in rows:
                yield from stored.findings(unpacked(row["content"]))

    def exhibits(self, audit: str) -> Iterator[Exhibit]:
        """In the order of objects; of one that another version wrote all is missing."""
        return self._exhibits(_EXHIBIT.where(exhibits.c.audit == audit))

    def evidence(self, context: str, kinds: Collection[Kind] = KINDS) -> Iterator[Exhibit]:
        """The newest of each object, whichever audit took it, in no order; as `exhibits` has them."""
        of = exhibits.c.kind, exhibits.c.object
        ours = (
            exhibits.c.audit == audits.c.id,
            audits.c.context == context,
            exhibits.c.kind.in_(kinds),
        )
        taken = func.max(exhibits.c.taken).label("taken")
        newest = select(*of, taken).where(*ours).group_by(*of).subquery()
        same = (newest.c[name] == exhibits.c[name] for name in ("kind", "object", "taken"))
        return self._exhibits(_EXHIBIT.where(*ours, *same))

    def _exhibits(self, query: Select[Any]) -> Iterator[Exhibit]:
        for rows in self._pages(query, exhibits):
            sources = [json.loads(row["documents"]) for row in rows]
            texts = self._texts({digest for each in sources for _, digest in each.values()})
            for row, each in zip(rows, sources, strict=True):
                documents = {
                    name: Document(name, source, texts(digest)) for name, (source, digest) in each.items()
                }
                yield _shown(row, documents)

    def newest(self, context: str, at: datetime | None = None) -> Mapping[Key, Finding]:
        """What was last said of each object by each law, in audits that came to their end before `at`."""
        found: dict[tuple[Kind, str, str], tuple[Finding, ...]] = {}
        with self._read() as connection:
            for laws, rows in _last(connection, context, at or now(), findings.c.content):
                for row in rows:
                    said = stored.findings(unpacked(row["content"]))
                    for law in laws:
                        key = row["kind"], row["object"], law
                        found[key] = tuple(each for each in said if each.law == law)
        every = (each for said in found.values() for each in said)
        return {each.key: each for each in every}

    def _pages(self, query: Select[Any], table: Table) -> Iterator[Sequence[RowMapping]]:
        """No connection is held between two pages: who reads may write meanwhile, or stop."""
        key = tuple_(table.c.audit, table.c.place)
        page = query.order_by(table.c.audit, table.c.place).limit(AT_ONCE)
        last: tuple[str, int] | None = None
        while True:
            with self._read() as connection:
                query = page if last is None else page.where(key > last)
                rows = connection.execute(query).mappings().all()
            if not rows:
                return
            yield rows
            last = rows[-1]["audit"], rows[-1]["place"]

    def _texts(self, digests: Collection[str]) -> Callable[[str], tuple[str, ...]]:
        query = select(snapshots.c.digest, snapshots.c.content).where(snapshots.c.digest.in_(digests))
        with self._read() as connection:
            found = {row.digest: row.content for row in connection.execute(query)}
        return lambda digest: tuple(unpacked(found[digest]).split("\n")[:-1])


def _shown(row: RowMapping, documents: Mapping[str, Document]) -> Exhibit:
    try:
        return replace(stored.exhibit(unpacked(row["content"])), documents=documents)
    except UnknownFormError as error:
        return stored.unread(row["kind"], row["object"], row["taken"], f"what is kept is {error}")


def _snapshot(document: Document) -> Snapshot:
    """Every line with its end: no lines, and one that is empty, are two things."""
    return Snapshot.of("".join(f"{line}\n" for line in document.lines))


def _ours() -> dict[str, Any]:
    return {"user": getuser(), "host": socket.gethostname(), "process": process.identity(os.getpid())}


def _of(table: Table, audit: str, exhibit: Exhibit) -> ColumnElement[bool]:
    key = {"audit": audit, "kind": exhibit.kind, "object": exhibit.object}
    return and_(*(table.c[name] == value for name, value in key.items()))


def _hold(connection: Connection, audit: Audit) -> None:
    """The lease is kept with everything that is written, and noticed to be gone."""
    held = audits.c.id == audit.id, audits.c.host == audit.host, audits.c.process == audit.process
    beat = update(audits).where(*held, audits.c.state == RunState.RUNNING).values(beat=now())
    if connection.execute(beat).rowcount == 0:
        raise RefusedError(
            f"audit {audit.id} was taken over by somebody else; infra-ctl audit list says by whom"
        )


def _refuse_second(connection: Connection, asking: Asking | Audit) -> None:
    same = [audits.c.context == asking.context, audits.c.name == asking.name]
    if not asking.name:
        same += [audits.c.laws == "\n".join(asking.laws), audits.c.where == asking.where]
    query = select(audits).where(*same, audits.c.state == RunState.RUNNING)
    for row in connection.execute(query).mappings().all():
        other = _read(row)
        if process.is_alive(other):
            raise RefusedError(
                f"audit {other.id} is under way: {other.user}@{other.host}, "
                f"process {other.process.split(':')[0]}, since {other.started:%H:%M:%S} UTC"
            )
        killed = update(audits).where(audits.c.id == other.id)
        connection.execute(killed.values(state=RunState.KILLED))


def _next_id(connection: Connection) -> str:
    """`A2026-11-27-001`: the day and a number in it."""
    day = f"A{now():%Y-%m-%d}-"
    ids = connection.scalars(select(audits.c.id).where(audits.c.id.startswith(day)))
    return f"{day}{max((int(each.removeprefix(day)) for each in ids), default=0) + 1:03}"


def _row(audit: Audit) -> dict[str, object]:
    row = {name: value for name, value in asdict(audit).items() if name != "by_law"}
    return {**row, "laws": "\n".join(audit.laws), "counts": json.dumps(audit.by_law)}


def _read(row: RowMapping) -> Audit:
    by_law: ByLaw = {
        law: {Verdict(verdict): number for verdict, number in each.items()}
        for law, each in json.loads(row["counts"]).items()
    }
    laws, state = tuple(row["laws"].split("\n")), RunState(row["state"])
    audit = Audit(**{**row, "laws": laws, "state": state, "counts": _total(by_law), "by_law": by_law})
    is_killed = state is RunState.RUNNING and not process.is_alive(audit)
    return replace(audit, state=RunState.KILLED) if is_killed else audit


def _audit(connection: Connection, row: RowMapping) -> Audit:
    """As it stands: what has not ended is counted as far as it got."""
    audit = _read(row)
    if audit.ended is not None:
        return audit
    judged, by_law = _so_far(connection, audit.id)
    return replace(audit, judged=judged, by_law=by_law, counts=_total(by_law))


def _so_far(connection: Connection, audit: str) -> tuple[int, ByLaw]:
    """How many objects are kept, and what was found on them, law by law."""
    rows = connection.scalars(select(findings.c.counts).where(findings.c.audit == audit)).all()
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        for law, counts in json.loads(row).items():
            found[law].update(counts)
    return len(rows), {
        law: {verdict: counts[verdict] for verdict in Verdict if verdict in counts}
        for law, counts in sorted(found.items())
    }


def _counted(found: Iterable[Finding]) -> ByLaw:
    counts: defaultdict[str, Counter[Verdict]] = defaultdict(Counter)
    for each in found:
        counts[each.law][each.verdict] += 1
    return {law: dict(each) for law, each in counts.items()}


def _total(by_law: Mapping[str, Mapping[Verdict, int]]) -> Mapping[Verdict, int]:
    return {verdict: sum(each.get(verdict, 0) for each in by_law.values()) for verdict in Verdict}


def last_counts(connection: Connection, context: str) -> ByLaw:
    """How many findings each law has now, by the last audit of each object, as `newest` has it."""
    found: dict[tuple[Kind, str, str], Mapping[str, int]] = {}
    for laws, rows in _last(connection, context, now(), findings.c.counts):
        for row in rows:
            counts = json.loads(row["counts"])
            found |= {(row["kind"], row["object"], law): counts.get(law, {}) for law in laws}
    by_law: ByLaw = {}
    for (_, _, law), counts in found.items():
        told = by_law.setdefault(law, dict.fromkeys(Verdict, 0))
        for verdict, number in counts.items():
            told[Verdict(verdict)] += number
    return by_law


def last_done(connection: Connection, context: str) -> Mapping[str, Audited]:
    """By name the newest occasion that an audit has come to its end for; those by hand have none."""
    due = func.max(audits.c.due).label("due")
    query = select(audits.c.name, due, func.max(audits.c.ended).label("ended")).group_by(audits.c.name)
    done = audits.c.context == context, audits.c.state == RunState.DONE, audits.c.due.is_not(None)
    return {row.name: Audited(row.due, row.ended) for row in connection.execute(query.where(*done))}


def _last(
    connection: Connection, context: str, at: datetime, what: ColumnElement[Any]
) -> Iterator[tuple[Sequence[str], Sequence[RowMapping]]]:
    """The laws, and what each object has, of the newest of all audits that asked the same; from old to new.

    Whoever takes the later word on each object and law has the last one. What a law has no more is not kept
    from before, nor what an audit of everything since has not found: it is gone from the inventory.
    """
    done = audits.c.context == context, audits.c.state == RunState.DONE, audits.c.ended < at
    same = audits.c.laws, audits.c.where
    newest = select(*same, func.max(audits.c.ended).label("ended")).where(*done).group_by(*same).subquery()
    joined = and_(*(newest.c[name] == audits.c[name] for name in ("laws", "where", "ended")))
    query = select(audits.c.id, *same).join(newest, joined).where(*done)
    rows = connection.execute(query.order_by(audits.c.ended, audits.c.id)).all()
    for audit, laws in _not_said_since([(row.id, row.laws.split("\n"), row.where) for row in rows]):
        of = select(findings.c.kind, findings.c.object, what).where(findings.c.audit == audit)
        yield laws, connection.execute(of.order_by(findings.c.place)).mappings().all()


def _not_said_since(
    asked: Sequence[tuple[str, Sequence[str], str]],
) -> Sequence[tuple[str, Sequence[str]]]:
    """Audits, from old to new, with those of their laws that none of everything has asked since."""
    found: list[tuple[str, Sequence[str]]] = []
    said: set[str] = set()
    for audit, laws, where in reversed(asked):
        if left := [each for each in laws if each not in said]:
            found.append((audit, left))
        if not where:
            said.update(laws)
    return found[::-1]
