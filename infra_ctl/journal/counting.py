"""What a journal adds up to, for who watches it: it is only read, and never made or brought up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, case, distinct, func, select

from infra_ctl.errors import JournalError
from infra_ctl.journal import database
from infra_ctl.journal.audits import Audited, last_counts, last_done
from infra_ctl.journal.process import is_alive
from infra_ctl.journal.records import Looked, Run, RunState, StepState
from infra_ctl.journal.schema import runs, steps
from infra_ctl.journal.store import last_looks
from infra_ctl.outcome import Verdict

_ILL = (RunState.FAILED, RunState.STOPPED, RunState.KILLED)
_BUSY = (
    StepState.APPLYING,
    StepState.APPLIED,
    StepState.CONFIRMING,
    StepState.SETTLING,
    StepState.RESTORING,
)
"""Where a step stands while its device is held."""


@dataclass(frozen=True, slots=True)
class Totals:
    """All runs of one context. Times are in UTC without a zone."""

    begun: Mapping[str, int]
    """Runs by kind."""
    failed: Mapping[str, int]
    """How often they failed, were stopped or were killed: a run that is resumed may do so again."""
    ended: Mapping[str, datetime]
    """When the newest ended run of a kind ended."""
    active: int
    waves: int
    """In which something was begun."""
    busy: int
    """Devices and hosts that runs under way are at."""
    newest: Mapping[StepState, int]
    """Steps of the newest run."""
    looks: Mapping[str, Looked] = field(default_factory=dict)
    """The last look at each device and host for drift."""
    findings: Mapping[str, Mapping[Verdict, int]] = field(default_factory=dict)
    """By law, in the last audit of each object."""
    audited: Mapping[str, Audited] = field(default_factory=dict)
    """By name in audits.yaml."""


Waves = dict[tuple[str, datetime], int]
"""Of runs that have ended, by run and end: a run that is resumed has another end."""

AT_ONCE = 500
"""Runs that one question is about: databases take only so many values."""


def totals(url: str, context: str, known: Waves | None = None) -> Totals:
    """`known` is kept by whoever asks again: what has ended is not counted anew.

    Raises JournalError where there is no journal of this version, UnusableError for a URL that is none."""
    with database.connected(url) as engine:
        found = database.revision(engine)
        if found != database.REVISION:
            what = f"is at revision {found}, not {database.REVISION}" if found else "is not there"
            raise JournalError(f"journal {database.shown(engine)} {what}")
        try:
            with engine.connect() as connection:
                return _totals(connection, context, {} if known is None else known)
        except database.FAILURES as exc:
            raise database.error(engine, exc) from exc


def _totals(connection: Connection, context: str, known: Waves) -> Totals:
    running = _running(connection, context)
    alive = [run.id for run in running if is_alive(run)]
    begun: dict[str, int] = {}
    failed = {run.kind: 0 for run in running}
    for run in running:
        failed[run.kind] += run.id not in alive  # killed, and nobody has written it yet
    ended: dict[str, datetime] = {}
    columns = (runs.c.kind, runs.c.state, func.count(), func.sum(runs.c.failures), func.max(runs.c.ended))
    query = select(*columns).where(runs.c.context == context).group_by(runs.c.kind, runs.c.state)
    for kind, state, count, before, last in connection.execute(query):
        begun[kind] = begun.get(kind, 0) + count
        failed[kind] = failed.get(kind, 0) + int(before) + (count if state in _ILL else 0)
        if last is not None:
            ended[kind] = max(last, ended.get(kind, last))
    return Totals(
        begun=begun,
        failed=failed,
        ended=ended,
        active=len(alive),
        waves=_waves(connection, context, known),
        busy=_busy(connection, alive),
        newest=_newest(connection, context),
        looks=last_looks(connection, context),
        findings=last_counts(connection, context),
        audited=last_done(connection, context),
    )


def _running(connection: Connection, context: str) -> list[Run]:
    query = select(runs).where(runs.c.context == context, runs.c.state == RunState.RUNNING)
    found = connection.execute(query).mappings()
    return [Run(**{**row, "state": RunState(row["state"])}) for row in found]


def _waves(connection: Connection, context: str, known: Waves) -> int:
    query = select(runs.c.id, runs.c.ended).where(runs.c.context == context)
    ends: dict[str, datetime | None] = {row.id: row.ended for row in connection.execute(query)}
    count = 0
    new = []
    for run, ended in ends.items():
        if ended is not None and (run, ended) in known:
            count += known[run, ended]
        else:
            new.append(run)
    for start in range(0, len(new), AT_ONCE):
        for run, waves in _begun(connection, new[start : start + AT_ONCE]):
            count += waves
            if (ended := ends[run]) is not None:
                known[run, ended] = waves
    return count


def _begun(connection: Connection, some: Sequence[str]) -> Iterator[tuple[str, int]]:
    """In how many waves of each run something was begun."""
    begun = func.count(distinct(case((steps.c.state != StepState.WAITING, steps.c.wave))))
    query = select(runs.c.id, begun.label("waves")).outerjoin_from(
        runs, steps, (steps.c.run == runs.c.id) & (steps.c.wave > 0)
    )
    for row in connection.execute(query.where(runs.c.id.in_(some)).group_by(runs.c.id)):
        yield row.id, row.waves


def _busy(connection: Connection, alive: list[str]) -> int:
    query = select(func.count(distinct(steps.c.device))).where(
        steps.c.run.in_(alive), steps.c.state.in_(_BUSY)
    )
    return connection.scalar(query) or 0


def _newest(connection: Connection, context: str) -> Mapping[StepState, int]:
    """Every state, those that no step is in as well."""
    newest = select(runs.c.id).where(runs.c.context == context)
    run = connection.scalar(newest.order_by(runs.c.started.desc(), runs.c.id.desc()).limit(1))
    query = (
        select(steps.c.state, func.count().label("number")).where(steps.c.run == run).group_by(steps.c.state)
    )
    found = {row.state: row.number for row in connection.execute(query)}
    return {state: found.get(state, 0) for state in StepState}
