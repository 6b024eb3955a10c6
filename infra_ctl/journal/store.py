"""The journal in a database: written before a step is done, its outcome once after."""

from __future__ import annotations

import os
import secrets as randomness
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from getpass import getuser
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, bindparam, case, delete, func, insert, select, update

from infra_ctl.errors import RefusedError, UnknownError
from infra_ctl.journal import database, process
from infra_ctl.journal.audits import Audits
from infra_ctl.journal.messages import Messages
from infra_ctl.journal.records import (
    PROCEDURE,
    WELL,
    Before,
    Event,
    Given,
    Looked,
    Order,
    Purpose,
    Run,
    RunState,
    Step,
    StepState,
    Synced,
    now,
)
from infra_ctl.journal.schema import converged, events, looks, orders, plans, runs, snapshots, steps, synced
from infra_ctl.journal.texts import Snapshot, packed, unpacked

_EVENT = insert(events)
_STEP = update(steps).where(steps.c.run == bindparam("of_run"), steps.c.device == bindparam("of_device"))
"""Made once: every step of every device is written with them, and meanwhile its thread holds up others."""


class Journal:
    """What was done, by whom, why, and how it ended. Safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = engine.execution_options(writes=True)
        self._writing = Lock()
        self.audits = Audits(self._write, self._read)
        self.messages = Messages(self._write, self._read)

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        try:
            with self._writing, self._writer.begin() as connection:
                yield connection
        except database.FAILURES as exc:
            raise database.error(self._engine, exc) from exc

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except database.FAILURES as exc:
            raise database.error(self._engine, exc) from exc

    def start_run(self, purpose: Purpose, steps_of: Callable[[str], Iterable[Step]], plan: str = "") -> Run:
        """Open a run with the steps that `steps_of` its id are planned; `plan` is kept for a resume.

        Raises RefusedError while another run of the same context is alive; procedures stand beside others.
        """
        with self._write() as connection:
            database.lock_for_writing(connection, "runs")
            if purpose.kind != PROCEDURE:
                self._refuse_second(connection, purpose.context)
            number = _next_id(connection)
            run = Run(
                id=number,
                token=f"{number}-{randomness.token_hex(4)}",
                **asdict(purpose),
                user=getuser(),
                host=socket.gethostname(),
                process=process.identity(os.getpid()),
                started=now(),
                beat=now(),
                answered="",
                ended=None,
                state=RunState.RUNNING,
                summary="",
            )
            connection.execute(insert(runs).values(asdict(run)))
            if rows := [asdict(step) for step in steps_of(run.id)]:
                connection.execute(insert(steps), rows)
            connection.execute(insert(plans).values(run=run.id, content=packed(plan)))
        return run

    def reopen_run(self, run: Run) -> None:
        """Go on with a run that is left, and keep that it had not ended well.

        Raises RefusedError while any run of its context is alive.
        """
        with self._write() as connection:
            database.lock_for_writing(connection, "runs")
            self._refuse_second(connection, run.context)
            ours = {"process": process.identity(os.getpid()), "host": socket.gethostname(), "user": getuser()}
            values = {"state": RunState.RUNNING, "ended": None, "beat": now(), "summary": "", **ours}
            failures = runs.c.failures + case((runs.c.state == RunState.DONE, 0), else_=1)
            reopened = update(runs).where(runs.c.id == run.id)
            connection.execute(reopened.values(failures=failures, **values))
            order = {"run": run.id, "order": Order.CONTINUE, "user": getuser(), "at": now()}
            connection.execute(insert(orders).values(order))

    def orphans(self, run: Run) -> tuple[str, ...]:
        """Tokens of other runs of its context on this machine whose processes are gone, of whatever day.

        Also of those that ended well: one may have been killed before it gave back what it held.
        """
        query = select(runs).where(runs.c.context == run.context, runs.c.host == socket.gethostname())
        with self._read() as connection:
            found = [_run(row) for row in connection.execute(query).mappings()]
        return tuple(
            each.token for each in found if each.id != run.id and each.token and not process.is_alive(each)
        )

    def plan(self, run: str) -> str:
        """The plan of a run, as JSON; empty for a run from before plans were kept."""
        with self._read() as connection:
            content = connection.scalar(select(plans.c.content).where(plans.c.run == run))
        return unpacked(content) if content else ""

    def beat(self, run: str) -> None:
        """Say that a run goes on."""
        with self._write() as connection:
            connection.execute(update(runs).where(runs.c.id == run).values(beat=now()))

    def keep_answered(self, run: str, lines: Iterable[str]) -> None:
        """Which paths answered before anything was done: see Run."""
        with self._write() as connection:
            connection.execute(update(runs).where(runs.c.id == run).values(answered="\n".join(lines)))

    def snapshot(self, digest: str) -> str:
        """Raises UnknownError where there is none."""
        with self._read() as connection:
            content = connection.scalar(select(snapshots.c.content).where(snapshots.c.digest == digest))
        if content is None:
            raise UnknownError(f"the journal has no snapshot {digest[:12]}")
        return unpacked(content)

    def give_order(self, run: str, order: Order) -> None:
        """Tell a run what to do, between two of its waves."""
        with self._write() as connection:
            values = {"run": run, "order": order, "user": getuser(), "at": now()}
            connection.execute(insert(orders).values(values))

    def last_order(self, run: str) -> Order | None:
        query = select(orders.c.order).where(orders.c.run == run).order_by(orders.c.id.desc()).limit(1)
        with self._read() as connection:
            found = connection.scalar(query)
        return Order(found) if found else None

    def orders(self, run: str) -> tuple[Given, ...]:
        """All that a run was told, and by whom, oldest first."""
        query = select(orders.c.order, orders.c.user, orders.c.at).where(orders.c.run == run)
        with self._read() as connection:
            found = connection.execute(query.order_by(orders.c.id)).mappings().all()
        return tuple(Given(Order(row["order"]), row["user"], row["at"]) for row in found)

    def undone_by(self, run: str) -> tuple[str, ...]:
        """Runs that took it back, or some of it, oldest first."""
        query = select(runs.c.id).where(runs.c.undoes == run).order_by(runs.c.started, runs.c.id)
        with self._read() as connection:
            return tuple(connection.scalars(query))

    def confirmed_since(self, run: Run) -> frozenset[str]:
        """Devices that later runs of its context brought where it brings them."""
        query = select(steps.c.device).join(runs, runs.c.id == steps.c.run).distinct()
        later = (runs.c.context == run.context, runs.c.started > run.started, runs.c.undoes == run.undoes)
        with self._read() as connection:
            found = connection.scalars(query.where(*later, steps.c.state.in_(WELL)))
            return frozenset(found)

    def _refuse_second(self, connection: Connection, context: str) -> None:
        running = runs.c.state == RunState.RUNNING, runs.c.kind != PROCEDURE
        query = select(runs).where(runs.c.context == context, *running)
        for row in connection.execute(query).mappings().all():
            run = _run(row)
            if process.is_alive(run):
                raise RefusedError(
                    f"run {run.id} is under way: {run.user}@{run.host}, process {run.process.split(':')[0]}, "
                    f"since {run.started:%H:%M:%S} UTC; see infra-ctl show run {run.id}"
                )
            killed = {"state": RunState.KILLED, "summary": "its process ended without a word"}
            connection.execute(update(runs).where(runs.c.id == run.id).values(killed))

    def finish_run(self, run: str, state: RunState, summary: str) -> None:
        with self._write() as connection:
            values = {"state": state, "summary": summary, "ended": now()}
            connection.execute(update(runs).where(runs.c.id == run).values(values))

    def add_step(self, step: Step) -> None:
        """Write down a device or host that is met only as a run goes on, and where it stands."""
        with self._write() as connection:
            connection.execute(insert(steps).values(asdict(step)))
            event = {"run": step.run, "device": step.device, "at": now(), "state": step.state, "detail": ""}
            connection.execute(_EVENT, event)

    def begin(self, run: str, device: str, state: StepState, detail: str, before: Before) -> None:
        """Write that something is about to be done to a device, and what it was like: both or neither."""
        kept = Snapshot.of(before.text)
        values = {"before": kept.digest, "secrets": before.secrets, "had": "\n".join(before.had)}
        self._record(run, device, {"state": state, **values}, detail, kept)

    def record(
        self,
        run: str,
        device: str,
        state: StepState,
        detail: str = "",
        *,
        cause: str = "",
        result: str = "",
        after: str = "",
    ) -> None:
        """Write where a device stands; `cause` and `result` go with an end.

        So does `after`, what a device runs, masked, whose change was confirmed.
        """
        kept = Snapshot.of(after) if after else None
        values = {"cause": cause, "result": result, "after": kept.digest if kept else ""}
        told = {name: value for name, value in values.items() if value}
        self._record(run, device, {"state": state, **told}, detail or cause, kept)

    def end_step(self, run: str, device: str, state: StepState, *, cause: str, diff: str) -> None:
        """Write how a machine ended of which nobody knew beforehand what would be done to it."""
        self._record(run, device, {"state": state, "cause": cause, "diff": diff}, cause, None)

    def _record(
        self, run: str, device: str, values: Mapping[str, str], detail: str, kept: Snapshot | None
    ) -> None:
        event = {"run": run, "device": device, "at": now(), "state": values["state"], "detail": detail}
        with self._write() as connection:
            if kept is not None:
                kept.keep(connection)
            connection.execute(_EVENT, event)
            connection.execute(_STEP, {**values, "of_run": run, "of_device": device})

    def runs(self, limit: int | None = 20, *, device: str = "", **of: str) -> tuple[Run, ...]:
        """The newest runs, newest first: those that had a `device`, and whose columns say what `of` says."""
        query = select(runs).where(*(runs.c[name] == value for name, value in of.items()))
        if device:
            query = query.where(runs.c.id.in_(select(steps.c.run).where(steps.c.device == device)))
        query = query.order_by(runs.c.started.desc(), runs.c.id.desc()).limit(limit)
        with self._read() as connection:
            return tuple(_run(row) for row in connection.execute(query).mappings())

    def run(self, run: str) -> Run:
        """Raises UnknownError where there is no such run."""
        with self._read() as connection:
            row = connection.execute(select(runs).where(runs.c.id == run)).mappings().first()
        if row is None:
            raise UnknownError(f"there is no run {run}; infra-ctl runs lists them")
        return _run(row)

    def steps(self, run: str) -> tuple[Step, ...]:
        """A run's devices in the order of their waves."""
        query = select(steps).where(steps.c.run == run).order_by(steps.c.wave, steps.c.device)
        with self._read() as connection:
            return tuple(_step(row) for row in connection.execute(query).mappings())

    def events(self, run: str, device: str | None = None) -> tuple[Event, ...]:
        """A run's timeline, or one device's in it."""
        query = select(events).where(events.c.run == run).order_by(events.c.id)
        if device is not None:
            query = query.where(events.c.device == device)
        with self._read() as connection:
            return tuple(
                Event(row["run"], row["device"], row["at"], StepState(row["state"]), row["detail"])
                for row in connection.execute(query).mappings()
            )

    def ended(self, context: str, since: datetime) -> tuple[tuple[Step, datetime], ...]:
        """Steps of a context that left, or may have left, a change, with when they ended after `since`.

        Oldest first.
        """
        at = func.max(events.c.at).label("at")
        query = (
            select(steps, at)
            .join(runs, runs.c.id == steps.c.run)
            .join(events, (events.c.run == steps.c.run) & (events.c.device == steps.c.device))
            .where(runs.c.context == context, steps.c.state.in_(_LEFT), events.c.state == steps.c.state)
            .group_by(*steps.c)
            .having(at > since)
            .order_by(at)
        )
        with self._read() as connection:
            found = [dict(row) for row in connection.execute(query).mappings()]
        ends = [row.pop("at") for row in found]
        return tuple((_step(row), at) for row, at in zip(found, ends, strict=True))

    def last_steps(self, context: str) -> Mapping[str, tuple[Step, datetime]]:
        """The newest step of each device and host that left it otherwise, or may have, and when that ended.

        Procedures are not in it: what they do to the network they do by runs of their own.
        """
        begun = runs.c.context == context, runs.c.kind != PROCEDURE, steps.c.state.not_in(_NOTHING_LEFT)
        newest = (
            select(events.c.device, func.max(events.c.id).label("id"))
            .join(runs, runs.c.id == events.c.run)
            .join(steps, (steps.c.run == events.c.run) & (steps.c.device == events.c.device))
            .where(*begun)
            .group_by(events.c.device)
            .subquery()
        )
        query = (
            select(steps, events.c.at)
            .join(events, (events.c.run == steps.c.run) & (events.c.device == steps.c.device))
            .join(newest, newest.c.id == events.c.id)
        )
        with self._read() as connection:
            found = [dict(row) for row in connection.execute(query).mappings()]
        ends = {row["device"]: row.pop("at") for row in found}
        return {row["device"]: (_step(row), ends[row["device"]]) for row in found}

    def touched(self, context: str, since: datetime) -> frozenset[str]:
        """Devices and hosts that runs of a context have been at since then."""
        query = select(events.c.device).join(runs, runs.c.id == events.c.run)
        with self._read() as connection:
            found = connection.scalars(query.where(runs.c.context == context, events.c.at >= since))
            return frozenset(found)

    def synced(self, context: str) -> Mapping[str, Synced]:
        """For each device of a context, what it was last seen to run as intended."""
        query = select(synced).where(synced.c.context == context)
        with self._read() as connection:
            return {
                row["device"]: Synced(row["device"], row["intended"], row["running"], row["text"])
                for row in connection.execute(query).mappings()
            }

    def remember_synced(self, context: str, seen: Iterable[Synced]) -> None:
        """Keep the newest pair of each device."""
        rows = [asdict(pair) | {"context": context} for pair in seen]
        if not rows:
            return
        with self._write() as connection:
            devices = [row["device"] for row in rows]
            connection.execute(
                delete(synced).where(synced.c.context == context, synced.c.device.in_(devices))
            )
            connection.execute(insert(synced), rows)

    def converged(self, context: str) -> Mapping[str, str]:
        """For each host of a context the operations, as JSON, that it was last seen to need none of."""
        query = select(converged.c.host, converged.c.operations).where(converged.c.context == context)
        with self._read() as connection:
            return {row.host: row.operations for row in connection.execute(query)}

    def remember_converged(self, context: str, seen: Mapping[str, str]) -> None:
        """Keep the newest operations of each host."""
        rows = [{"context": context, "host": host, "operations": text} for host, text in seen.items()]
        if not rows:
            return
        with self._write() as connection:
            old = delete(converged).where(converged.c.context == context, converged.c.host.in_(list(seen)))
            connection.execute(old)
            connection.execute(insert(converged), rows)

    def looks(self, context: str) -> Mapping[str, Looked]:
        """The last look at each device and host of a context."""
        with self._read() as connection:
            return last_looks(connection, context)

    def remember_looks(self, context: str, seen: Iterable[Looked]) -> None:
        """Keep the newest look at each."""
        rows = [asdict(look) | {"context": context} for look in seen]
        if not rows:
            return
        with self._write() as connection:
            old = looks.c.context == context, looks.c.object.in_([row["object"] for row in rows])
            connection.execute(delete(looks).where(*old))
            connection.execute(insert(looks), rows)


def last_looks(connection: Connection, context: str) -> Mapping[str, Looked]:
    """The last look at each device and host of a context."""
    query = select(looks.c.object, looks.c.at, looks.c.drifted, looks.c.right, looks.c.lines)
    found = connection.execute(query.where(looks.c.context == context)).mappings()
    return {row["object"]: Looked(**row) for row in found}


def _next_id(connection: Connection) -> str:
    """`2026-11-21-004`: the day and a number in it."""
    day = f"{now():%Y-%m-%d}"
    last = connection.scalar(
        select(runs.c.id).where(runs.c.id.startswith(day)).order_by(runs.c.id.desc()).limit(1)
    )
    number = int(last.rsplit("-", 1)[1]) + 1 if last else 1
    return f"{day}-{number:03}"


_LEFT = (StepState.CONFIRMED, StepState.DONE, StepState.STOPPED)
"""How a step ends that left a change, or may have."""
_NOTHING_LEFT = (StepState.WAITING, StepState.FAILED, StepState.RESTORED)
"""Where a step stands that left what it found."""


def _step(row: Mapping[Any, Any]) -> Step:
    return Step(**{**row, "state": StepState(row["state"])})


def _run(row: RowMapping) -> Run:
    run = Run(**{**row, "state": RunState(row["state"])})
    if run.state is RunState.RUNNING and not process.is_alive(run):
        return Run(**{**asdict(run), "state": RunState.KILLED, "summary": "its process ended without a word"})
    return run
