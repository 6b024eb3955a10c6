"""`infra-ctl deploy`: carry a plan out, and say how each device ended."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING

import click

from infra_ctl.cli.exits import Exit
from infra_ctl.cli.progress import Stopwatch, bar
from infra_ctl.cli.session import Session, confirm, selector_argument, session_options
from infra_ctl.errors import RefusedError
from infra_ctl.journal.records import StepState

if TYPE_CHECKING:
    from infra_ctl.cli.planning import Prepared
    from infra_ctl.deploy.rollout import Result


@click.command()
@selector_argument
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Carry out this saved plan, and nothing else.",
)
@click.option("--dry-run", is_flag=True, help="Show the plan and stop.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--reason", default="", help="Why, for the journal.")
@click.option("--ticket", default="", help="Ticket, for the journal.")
@click.option(
    "--max-fail", default="0", metavar="N|P%", help="Devices that may fail; unreachable ones count."
)
@click.option("--timer", default=120, show_default=True, help="Seconds until a device takes a change back.")
@session_options
def deploy(
    session: Session,
    selector: tuple[str, ...],
    plan_file: Path | None,
    *,
    dry_run: bool,
    yes: bool,
    reason: str,
    ticket: str,
    max_fail: str,
    timer: int,
) -> None:
    """Bring the selected devices to what the inventory says, wave by wave, each with a way back.

    \b
    infra-ctl deploy pop=nk --reason "IPv6 in An Hòa" --ticket CT-812
    infra-ctl deploy --plan plan-7f3a.json --yes
    """
    from infra_ctl.cli.planning import prepare, print_plan

    clock = Stopwatch()
    if plan_file is not None and selector:
        raise click.UsageError("a saved plan names its devices: leave the selector out")
    prepared = prepare(session, " ".join(selector), plan_file)
    plan = prepared.plan
    budget = failures_allowed(max_fail, len(plan.devices))
    if not plan.changed and not plan.failed:
        session.say(f"no changes ({len(plan.devices)} devices, {clock})")
        return
    print_plan(session, plan)
    if dry_run:
        return
    refuse_unreachable(prepared, budget)
    if not confirm(f"deploy to {len(plan.changed)} devices?", yes=yes):
        session.say("nothing was done")
        return
    result = _carry_out(session, prepared, reason=reason, ticket=ticket, budget=budget, timer=timer)
    raise click.exceptions.Exit(_conclude(session, prepared, result))


def failures_allowed(text: str, devices: int) -> int:
    """`2` or `2%` of the devices, rounded down."""
    digits = text.removesuffix("%")
    if not digits.isdecimal():
        raise click.BadParameter(f"'{text}' is neither a count nor a percentage", param_hint="--max-fail")
    return int(digits) * devices // 100 if text.endswith("%") else int(digits)


def refuse_unreachable(prepared: Prepared, budget: int) -> None:
    """Devices that could not be planned count as failed, before anything is touched."""
    failed = prepared.plan.failed
    if len(failed) > budget:
        first = failed[0]
        others = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
        raise RefusedError(
            f"{first.hostname}: {first.cause}{others}: nothing was done. To go on without: "
            f"--max-fail {len(failed)}, or leave it out: 'not {first.hostname}'"
        )


def _carry_out(
    session: Session, prepared: Prepared, *, reason: str, ticket: str, budget: int, timer: int
) -> Result:
    from infra_ctl.deploy.rollout import Rollout
    from infra_ctl.deploy.step import Patience, Stepper
    from infra_ctl.journal.records import Purpose

    plan = prepared.plan
    purpose = Purpose("deploy", session.context.name, reason, ticket, plan.inventory)
    run = prepared.journal.start_run(purpose, prepared.steps)
    session.say(f"run {run.id}")
    stepper = Stepper(
        run=run.id,
        journal=prepared.journal,
        open_device=prepared.fleet.open,
        planned={device.hostname: device for device in plan.devices},
        masking=prepared.masking,
        patience=Patience(revert_in=timer),
    )
    with bar("deploying", len(plan.changed), session.say) as (say, advance):
        lines = Lines(say, len(plan.waves), advance)
        rollout = Rollout(plan, stepper, prepared.fleet, prepared.bases, budget, lines.report)
        with stopping(rollout.stop):
            return rollout.go()


class Lines:
    """A line a device when it has ended: the steps that it went through, and how long it took."""

    def __init__(self, say: Callable[[str], None], waves: int, advance: Callable[[], None]) -> None:
        self._say = say
        self._waves = waves
        self._advance = advance
        self._clocks: dict[str, Stopwatch] = {}
        self._printing = Lock()

    def report(self, wave: int, hostname: str, state: StepState, cause: str) -> None:
        """What the rollout tells of a device."""
        with self._printing:
            if state is StepState.APPLYING:
                self._clocks[hostname] = Stopwatch()
            elif state is not StepState.APPLIED:
                self._say(self._line(wave, hostname, state, cause))
                self._advance()

    def _line(self, wave: int, hostname: str, state: StepState, cause: str) -> str:
        words = {
            StepState.CONFIRMED: "armed · applied · tested · confirmed",
            StepState.RESTORED: "armed · applied · RESTORED",
        }.get(state, str(state))
        told = f"{cause} · {words}" if cause else words
        return f"wave {wave}/{self._waves}  {hostname:<26} {told}   {self._clocks[hostname]}"


@contextmanager
def stopping(flag: Event) -> Iterator[None]:
    """Ctrl-C lets devices in flight end; a second one leaves at once, and their timers take them back."""

    def stop(_signal: int, _frame: object) -> None:
        if flag.is_set():
            raise KeyboardInterrupt
        flag.set()
        click.echo(
            "stopping: devices in flight end first (Ctrl-C again leaves them to their timers)", err=True
        )

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _conclude(session: Session, prepared: Prepared, result: Result) -> Exit:
    """Remember what is in sync now, check the end state, print the last lines."""
    prepared.remember(result)
    problems = [] if result.failed or result.interrupted else prepared.end_state(session)
    if session.is_json:
        session.emit(
            {
                "run": result.run,
                "state": result.state,
                "summary": result.summary,
                "devices": {
                    host: {"state": ended.state, "cause": ended.cause} for host, ended in result.ends.items()
                },
                "not_started": result.not_started,
                "end_state": [str(problem) for problem in problems],
            }
        )
        return exit_of(result, problems)
    for problem in problems:
        session.say(f"end state  {problem}")
    session.say(f"{result.summary} · run {result.run}")
    if result.failed:
        session.say(f"why     infra-ctl show run {result.run} {result.failed[0]}")
    return exit_of(result, problems)


def exit_of(result: Result, problems: object) -> Exit:
    """The exit code of a run."""
    if result.interrupted:
        return Exit.INTERRUPTED
    if not result.failed:
        return Exit.FAILED if problems else Exit.DONE
    return Exit.PARTIAL if result.count(StepState.CONFIRMED) else Exit.FAILED
