"""Carrying a plan out as a run: progress while it goes on, and taking it back where it did harm."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from threading import Event, Lock
from typing import TYPE_CHECKING

import click

from infra_ctl.cli.ending import Ending, conclude, do_nothing, undone_in_part
from infra_ctl.cli.exits import Exit
from infra_ctl.cli.progress import Stopwatch, bar, counted, some
from infra_ctl.cli.request import Request, failures_allowed, refuse_cut, seconds_needed
from infra_ctl.cli.session import Session, confirm
from infra_ctl.errors import InfraCtlError, JournalError, RefusedError
from infra_ctl.journal.records import Order, StepState

if TYPE_CHECKING:
    from infra_ctl.deploy.rollout import Result
    from infra_ctl.deploy.run import Concluded
    from infra_ctl.journal.records import Run
    from infra_ctl.plan import Prepared


def say_order(session: Session, run: Run, say: Callable[[str], None], order: Order) -> None:
    """Say that an order is followed."""
    if order is Order.PAUSE:
        say(f"paused   {session.command(f'run continue {run.id}')}, or run abort")
    else:
        say("aborted  no other wave is begun")


def begin_and_carry_out(
    session: Session,
    prepared: Prepared,
    kind: str,
    request: Request,
    *,
    begun: Callable[[Run], None] = lambda _run: None,
    ended: Callable[[Result], None] = lambda _result: None,
) -> Ending:
    """Ask, then carry a plan out as a new run.

    `begun` is told of it before anything is touched, `ended` how it ended before anybody reads it.
    """
    from infra_ctl.deploy.run import begin
    from infra_ctl.journal.records import Purpose

    plan = prepared.plan
    budget = failures_allowed(request.max_fail, len(plan.parts))
    if not confirm(f"{kind} to {counted(plan.changing)}?", yes=request.yes):
        return do_nothing(session, "nothing was done")
    context, why = session.context.name, (request.reason, request.ticket)
    run = begin(prepared, Purpose(kind, context, *why, plan.inventory, request.undoes))
    begun(run)
    session.say(f"run {run.id}")
    return carry_out(session, prepared, run, budget, request, ended=ended)


def carry_out(
    session: Session,
    prepared: Prepared,
    run: Run,
    budget: int,
    request: Request,
    *,
    resume: bool = False,
    ended: Callable[[Result], None] = lambda _result: None,
) -> Ending:
    """Carry a run out, or go on with it, and say how it ended; take it back where it did harm."""
    concluded, stopped = _carried(session, prepared, run, budget, request, resume=resume)
    stays = "--keep" if request.keep else "stopped" if stopped else ""
    ended(concluded.result)
    goes_on = not concluded.harm or bool(stays)
    ending = conclude(session, run, prepared.plan, concluded, goes_on=goes_on, again=request.again)
    if not concluded.harm:
        return ending
    back = take_back(session, prepared, run, concluded, request, stays)
    return Ending(ending.code, {**ending.value, "rollback": back})


def _carried(
    session: Session, prepared: Prepared, run: Run, budget: int, request: Request, *, resume: bool = False
) -> tuple[Concluded, bool]:
    """A run, carried out or gone on with, its devices told as they end; whether somebody pressed Ctrl-C."""
    from infra_ctl.context.devices import present
    from infra_ctl.deploy.run import Conduct, Deployment
    from infra_ctl.deploy.step import patience

    plan = prepared.plan
    deployment = Deployment(prepared, present(session.context, prepared.city))
    with bar(run.kind, len(plan.steps), session.say) as (say, advance), stopping() as stop:
        lines = Lines(say, len(plan.waves), advance)
        conduct = Conduct(
            patience(request.timer),
            budget,
            lines.report,
            stop,
            request.may_cut,
            partial(say_order, session, run, say),
        )
        work = deployment.resume if resume else deployment.carry_out
        try:
            return work(run, conduct), stop.is_set()
        except JournalError as error:
            raise left(session, run, request.timer, error) from error


def take_back(
    session: Session, prepared: Prepared, run: Run, concluded: Concluded, request: Request, stays: str
) -> Mapping[str, object]:
    """Roll a run back that cost what it owes, as a run of its own, unless it `stays` for a reason.

    The other run's JSON, or why there is none.
    """
    from infra_ctl.change.losses import path_named
    from infra_ctl.deploy.run import returned

    first, *others = map(path_named, concluded.harm)
    lost = f"{first} and {len(others)} more" if others else first
    undo = session.command(f"rollback {run.id}")
    if stays:
        session.say(f"kept    {lost} answered before ({stays}); undo  {undo}")
        return {"kept": stays}
    session.say(f"back    {lost} answered before: run {run.id} is taken back (--keep leaves it)")
    try:
        undone, in_part = _undo(session, prepared, run, request, f"run {run.id} lost {lost}")
    except InfraCtlError as error:
        session.say(f"NOT TAKEN BACK  {error}; undo  {undo}")
        return {"error": f"{error}"}
    answers = returned(prepared.fleet, concluded.harm)
    now = f"{lost} {'answers again' if answers else 'STILL DOES NOT ANSWER'}"
    session.say(
        f"NOT TAKEN BACK  {in_part}: {now}; undo  {undo}"
        if in_part
        else f"run {run.id} was taken back: {now}"
    )
    return undone.value


def _undo(
    session: Session, prepared: Prepared, run: Run, request: Request, reason: str
) -> tuple[Ending, str]:
    """Carry out the rollback of a run; how far it came where that is not all of it.

    A device that cannot be planned does not keep the others from it.
    """
    from infra_ctl.cli.planning import prepare_undo
    from infra_ctl.context.devices import present
    from infra_ctl.deploy.run import begin
    from infra_ctl.journal.records import Purpose

    back = prepare_undo(session, prepared, run, present(session.context, prepared.city))
    plan = back.plan
    if not request.may_cut:
        refuse_cut(plan)
    if not plan.steps:
        cause = f"{plan.failed[0].name}: {plan.failed[0].cause}" if plan.failed else "nothing is left of it"
        raise RefusedError(cause)
    # Nobody chose this timer for that plan: what is taken back is watched no less than what was done.
    request = replace(request, timer=max(request.timer, seconds_needed(plan)))
    undoing = begin(back, Purpose("rollback", run.context, reason, run.ticket, plan.inventory, run.id))
    session.say(f"run {undoing.id}")
    concluded, _ = _carried(session, back, undoing, len(plan.failed), request)
    return conclude(session, undoing, plan, concluded), undone_in_part(concluded.result, plan)


def left(session: Session, run: Run, timer: int, error: JournalError) -> JournalError:
    """A run that lost its journal confirms nothing more: what to expect, and what to do then."""
    return JournalError(
        f"the journal is gone: {error}; devices that were not confirmed take the change back within "
        f"{timer} s; once it is back: {session.command(f'resume {run.id}')}"
    )


class Lines:
    """A line a device or host when it has ended: what it went through, and how long it took."""

    def __init__(self, say: Callable[[str], None], waves: int, advance: Callable[[], None]) -> None:
        self._say = say
        self._waves = waves
        self._advance = advance
        self._clocks: dict[str, Stopwatch] = {}
        self._begun: set[int] = set()
        self._applied: set[str] = set()
        self._done: dict[str, list[str]] = {}
        self._printing = Lock()

    def report(self, wave: int, hostname: str, state: StepState, cause: str) -> None:
        """What the rollout tells of a device or host."""
        with self._printing:
            if state is StepState.APPLYING and wave not in self._begun:
                self._begun.add(wave)
                self._say(f"wave {wave}/{self._waves}  …")
            if state is StepState.APPLYING and cause:
                self._done.setdefault(hostname, []).append(cause)
            elif state is StepState.APPLYING:
                self._clocks[hostname] = Stopwatch()
            elif state is StepState.APPLIED:
                self._applied.add(hostname)
            else:
                self._say(self._line(wave, hostname, state, cause))
                self._advance()

    def _line(self, wave: int, hostname: str, state: StepState, cause: str) -> str:
        steps = ["armed", "applied"] if hostname in self._applied else []
        steps += [some(done, MOST_DONE)] if (done := self._done.get(hostname)) else []
        steps += _ENDS.get(state, [cause, state.upper()])
        told = " · ".join(step for step in steps if step)
        return f"wave {wave}/{self._waves}  {hostname:<26} {told}   {self._clocks[hostname]}"


_ENDS = {StepState.CONFIRMED: ["tested", "confirmed"], StepState.DONE: ["done"]}

MOST_DONE = 4
"""Operations that the line of a host names; `show run` names all."""


IN_FLIGHT = "stopping: devices in flight end first (Ctrl-C again leaves them to their timers)"


@contextmanager
def stopping(words: str = IN_FLIGHT) -> Iterator[Event]:
    """Yields what Ctrl-C sets, and says `words` then: devices in flight end.

    A second one leaves at once, and their timers take them back.
    """
    flag = Event()

    def stop(_signal: int, _frame: object) -> None:
        if flag.is_set():
            os._exit(Exit.INTERRUPTED)  # anything gentler would wait for the threads of devices in flight
        flag.set()
        click.echo(words, err=True)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield flag
    finally:
        signal.signal(signal.SIGINT, before)
