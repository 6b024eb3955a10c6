"""What `deploy`, `resume` and `rollback` share: options, progress while a run goes on, its last lines."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from threading import Event, Lock
from typing import TYPE_CHECKING, NoReturn, ParamSpec, TypeVar

import click

from infra_ctl.cli.exits import Exit
from infra_ctl.cli.progress import Stopwatch, bar, devices
from infra_ctl.cli.session import Session, confirm
from infra_ctl.cli.verify import in_words
from infra_ctl.errors import InfraCtlError, JournalError, RefusedError
from infra_ctl.journal.records import Order, RunState, StepState

if TYPE_CHECKING:
    from infra_ctl.change.plan import Plan
    from infra_ctl.deploy.rollout import Result
    from infra_ctl.deploy.run import Concluded
    from infra_ctl.journal.records import Run
    from infra_ctl.plan import Prepared

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Told:
    """How a command ended, and the value that it prints as JSON."""

    code: Exit
    value: Mapping[str, object]

    @property
    def is_done(self) -> bool:
        """Whether a run was carried out to a good end."""
        return self.code is Exit.DONE and self.value["run"] is not None

    def after(self, first: Told) -> Told:
        """This one, with that before it: JSON is one value."""
        return Told(self.code, {**self.value, "first": first.value})


@dataclass(frozen=True, slots=True)
class Request:
    """How its engineer wants a run to go."""

    yes: bool
    max_fail: str
    timer: int
    may_cut: bool
    reason: str = ""
    ticket: str = ""
    undoes: str = ""
    """The run that this one takes back."""
    keep: bool = False
    """Whether it stays although it cost a path that answered before."""


SHORTEST = 8
"""Seconds of a timer: half of them go to the test, and to apply and to confirm take a second or two each."""


def run_options(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command `--yes`, `--max-fail`, `--timer` and `--may-cut`."""
    for option in (
        click.option(
            "--may-cut", is_flag=True, help="Do it although the controller loses its way to devices."
        ),
        click.option("--yes", is_flag=True, help="Do not ask."),
        click.option(
            "--max-fail",
            default="0",
            metavar="N|P%",
            callback=lambda _context, _option, text: share(text),
            help="Devices that may fail; unreachable ones count.",
        ),
        click.option(
            "--timer",
            type=click.IntRange(min=SHORTEST),
            default=120,
            show_default=True,
            help="Seconds until a device takes a change back.",
        ),
    ):
        command = option(command)
    return command


def keep_option(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command `--keep`."""
    words = "Do not roll back by itself where a path that answered before is lost at the end."
    return click.option("--keep", is_flag=True, help=words)(command)


def why_options(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command `--reason` and `--ticket`."""
    command = click.option("--ticket", default="", help="Ticket, for the journal.")(command)
    return click.option("--reason", default="", help="Why, for the journal.")(command)


def share(text: str) -> str:
    """A count or a percentage, as it was written. Raises click.BadParameter."""
    if not text.removesuffix("%").isdecimal():
        raise click.BadParameter(f"'{text}' is neither a count nor a percentage")
    if text.endswith("%") and int(text[:-1]) > 100:
        raise click.BadParameter(f"'{text}' is more than all of them")
    return text


def failures_allowed(text: str, devices: int) -> int:
    """`2` or `2%` of the devices, rounded down."""
    number = int(text.removesuffix("%"))
    return number * devices // 100 if text.endswith("%") else number


def refuse_unreachable(plan: Plan, budget: int) -> None:
    """Devices that could not be planned count as failed, before anything is touched."""
    failed = plan.failed
    if len(failed) > budget:
        first = failed[0]
        others = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
        raise RefusedError(
            f"{first.hostname}: {first.cause}{others}: nothing was done. To go on without: "
            f"--max-fail {len(failed)}, or leave it out: 'not {first.hostname}'"
        )


def refuse_cut(plan: Plan) -> None:
    """What the controller could not take back, because it would not get there any more, is not begun."""
    if plan.breaks:
        more = f" and {len(plan.breaks) - 1} more" if len(plan.breaks) > 1 else ""
        raise RefusedError(f"{plan.breaks[0]}{more}: nothing was done. To do it all the same: --may-cut")


def refuse_short(plan: Plan, timer: int) -> None:
    """A timer that ends before a change could be judged would confirm it unseen."""
    soak = max((device.soak for device in plan.changed), default=0)
    if soak and timer < soak + MARGIN:
        raise click.UsageError(
            f"--timer {timer} is too short: neighbours are watched for {soak} s after this change; "
            f"give {soak + MARGIN} or more"
        )


def say_order(session: Session, run: Run, say: Callable[[str], None], order: Order) -> None:
    """Say that an order is followed."""
    if order is Order.PAUSE:
        say(f"paused   {session.command(f'run continue {run.id}')}, or run abort")
    else:
        say("aborted  no other wave is begun")


MARGIN = 9
"""Seconds of a timer beside those for which neighbours are watched: to come, to judge and to confirm."""


def begin_and_carry_out(
    session: Session,
    prepared: Prepared,
    kind: str,
    request: Request,
    ended: Callable[[Result], None] = lambda _result: None,
) -> Told:
    """Ask, unless there is nothing to do, then carry a plan out as a new run.

    `ended` is told how it ended before anybody reads it.
    """
    from infra_ctl.deploy.run import begin
    from infra_ctl.journal.records import Purpose

    plan = prepared.plan
    budget = failures_allowed(request.max_fail, len(plan.devices))
    refuse_short(plan, request.timer)
    if not confirm(f"{kind} to {devices(len(plan.changed))}?", yes=request.yes):
        return do_nothing(session, "nothing was done")
    context, why = session.context.name, (request.reason, request.ticket)
    run = begin(prepared, Purpose(kind, context, *why, plan.inventory, request.undoes))
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
) -> Told:
    """Carry a run out, or go on with it, and say how it ended; take it back where it did harm."""
    concluded, stopped = _carried(session, prepared, run, budget, request, resume=resume)
    stays = "--keep" if request.keep else "stopped" if stopped else ""
    ended(concluded.result)
    told = conclude(session, run, prepared.plan, concluded, goes_on=not concluded.harm or bool(stays))
    back = take_back(session, prepared, run, concluded, request, stays) if concluded.harm else None
    return Told(told.code, {**told.value, "rollback": back})


def _carried(
    session: Session, prepared: Prepared, run: Run, budget: int, request: Request, *, resume: bool = False
) -> tuple[Concluded, bool]:
    """A run, carried out or gone on with, its devices told as they end; whether somebody pressed Ctrl-C."""
    from infra_ctl.cli.devices import present
    from infra_ctl.deploy.run import Conduct, Deployment
    from infra_ctl.deploy.step import patience

    plan = prepared.plan
    deployment = Deployment(prepared, present(session.context, prepared.city))
    with bar(run.kind, len(plan.changed), session.say) as (say, advance), stopping() as stop:
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
) -> Mapping[str, object] | None:
    """Roll a run back that cost what it owes, as a run of its own, unless it `stays` for a reason.

    The other run's JSON, or None.
    """
    from infra_ctl.change.losses import path_named
    from infra_ctl.deploy.run import returned

    first, *others = map(path_named, concluded.harm)
    lost = f"{first} and {len(others)} more" if others else first
    if stays:
        undo = session.command(f"rollback {run.id}")
        session.say(f"kept    {lost} answered before ({stays}); undo  {undo}")
        return None
    session.say(f"back    {lost} answered before: run {run.id} is taken back (--keep leaves it)")
    try:
        undone = _undo(session, prepared, run, request, f"run {run.id} lost {lost}")
    except InfraCtlError as error:
        session.say(f"NOT TAKEN BACK  {error}; undo  {session.command(f'rollback {run.id}')}")
        return None
    answers = returned(prepared.fleet, concluded.harm)
    session.say(
        f"run {run.id} was taken back: {lost} {'answers again' if answers else 'STILL DOES NOT ANSWER'}"
    )
    return undone


def _undo(
    session: Session, prepared: Prepared, run: Run, request: Request, reason: str
) -> Mapping[str, object]:
    """Carry out the rollback of a run; a device that cannot be planned does not keep the others from it."""
    from infra_ctl.cli.devices import present
    from infra_ctl.cli.planning import prepare_undo
    from infra_ctl.deploy.run import begin
    from infra_ctl.journal.records import Purpose

    back = prepare_undo(prepared, run, present(session.context, prepared.city))
    plan = back.plan
    if not request.may_cut:
        refuse_cut(plan)
    if not plan.changed:
        cause = (
            f"{plan.failed[0].hostname}: {plan.failed[0].cause}" if plan.failed else "nothing is left of it"
        )
        raise RefusedError(cause)
    undoing = begin(back, Purpose("rollback", run.context, reason, run.ticket, plan.inventory, run.id))
    session.say(f"run {undoing.id}")
    concluded, _ = _carried(session, back, undoing, len(plan.failed), request)
    return conclude(session, undoing, plan, concluded).value


def left(session: Session, run: Run, timer: int, error: JournalError) -> JournalError:
    """A run that lost its journal confirms nothing more: what to expect, and what to do then."""
    return JournalError(
        f"the journal is gone: {error}; devices that were not confirmed take the change back within "
        f"{timer} s; once it is back: {session.command(f'resume {run.id}')}"
    )


class Lines:
    """A line a device when it has ended: the steps that it went through, and how long it took."""

    def __init__(self, say: Callable[[str], None], waves: int, advance: Callable[[], None]) -> None:
        self._say = say
        self._waves = waves
        self._advance = advance
        self._clocks: dict[str, Stopwatch] = {}
        self._begun: set[int] = set()
        self._applied: set[str] = set()
        self._printing = Lock()

    def report(self, wave: int, hostname: str, state: StepState, cause: str) -> None:
        """What the rollout tells of a device."""
        with self._printing:
            if state is StepState.APPLYING and wave not in self._begun:
                self._begun.add(wave)
                self._say(f"wave {wave}/{self._waves}  …")
            if state is StepState.APPLYING:
                self._clocks[hostname] = Stopwatch()
            elif state is StepState.APPLIED:
                self._applied.add(hostname)
            else:
                self._say(self._line(wave, hostname, state, cause))
                self._advance()

    def _line(self, wave: int, hostname: str, state: StepState, cause: str) -> str:
        steps = ["armed", "applied"] if hostname in self._applied else []
        steps += ["tested", "confirmed"] if state is StepState.CONFIRMED else [cause, state.upper()]
        told = " · ".join(step for step in steps if step)
        return f"wave {wave}/{self._waves}  {hostname:<26} {told}   {self._clocks[hostname]}"


@contextmanager
def stopping() -> Iterator[Event]:
    """Yields what Ctrl-C sets: devices in flight end then.

    A second one leaves at once, and their timers take them back.
    """
    flag = Event()

    def stop(_signal: int, _frame: object) -> None:
        if flag.is_set():
            os._exit(Exit.INTERRUPTED)  # anything gentler would wait for the threads of devices in flight
        flag.set()
        click.echo(
            "stopping: devices in flight end first (Ctrl-C again leaves them to their timers)", err=True
        )

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield flag
    finally:
        signal.signal(signal.SIGINT, before)


def do_nothing(session: Session, why: str) -> Told:
    """Say so."""
    session.say(why)
    return Told(Exit.DONE, _as_dict(None, {}) | {"rollback": None})


def leave(session: Session, told: Told) -> NoReturn:
    """End the command."""
    if session.is_json:
        session.emit(dict(told.value))
    raise click.exceptions.Exit(told.code)


def conclude(session: Session, run: Run, plan: Plan, concluded: Concluded, *, goes_on: bool = True) -> Told:
    """Print the last lines; how to go on, where that is for somebody to say."""
    from infra_ctl.deploy.run import REPLACE

    result, unmet = concluded.result, concluded.unmet
    for core, cause in concluded.unasked.items():
        session.say(f"not watched  paths from {core}: {cause}")
    for host, how in concluded.taken_back.items():
        session.say(f"while it was left  {host}: {how}")
    for outcome in unmet[:MOST_UNMET]:
        session.say(f"end state  {in_words(outcome)}")
    if len(unmet) > MOST_UNMET:
        session.say(f"end state  … and {len(unmet) - MOST_UNMET} more: {session.command('verify')}")
    session.say(f"{result.summary} · run {result.run}")
    if result.failed:
        session.say(f"why     {session.command(f'show run {result.run} {result.failed[0]}')}")
    if run.kind == REPLACE and result.failed:
        session.say(f"go on   {session.command(f'replace {result.failed[0]}')}")
    elif goes_on and (result.not_started or result.failed or unmet):
        again = session.command(f"resume {result.run}")
        session.say(f"go on   {again}      undo  {session.command(f'rollback {result.run}')}")
    unplanned = {device.hostname: device.cause for device in plan.failed}
    code = exit_of(result, end_state=not (unmet or concluded.harm), all_planned=not unplanned)
    return Told(code, _as_dict(concluded, unplanned))


MOST_UNMET = 20
"""Lines of an end state that is not as intended."""


def _as_dict(concluded: Concluded | None, unplanned: Mapping[str, str]) -> dict[str, object]:
    """A run as JSON has it, or that there was none."""
    result = concluded.result if concluded else None
    ends = result.ends.items() if result else ()
    return {
        "run": result.run if result else None,
        "state": concluded.state if concluded else RunState.DONE,
        "summary": result.summary if result else "nothing to do",
        "devices": {host: {"state": ended.state, "cause": ended.cause} for host, ended in ends},
        "not_started": result.not_started if result else (),
        "not_planned": unplanned,
        "taken_back": concluded.taken_back if concluded else {},
        "end_state": [asdict(outcome) for outcome in concluded.unmet] if concluded else [],
    }


def exit_of(result: Result, *, end_state: bool, all_planned: bool) -> Exit:
    """The exit code of a run; whether its end state holds, and whether every device could be planned.

    Codes that promise that nothing is half-done are not given where a device is in an unknown state.
    """
    if result.count(StepState.NOT_RESTORED, StepState.UNKNOWN):
        return Exit.FAILED
    if result.interrupted:
        return Exit.PARTIAL if result.aborted else Exit.INTERRUPTED
    if result.failed or not all_planned:
        return Exit.PARTIAL if result.count(StepState.CONFIRMED) else Exit.FAILED
    return Exit.DONE if end_state else Exit.FAILED
