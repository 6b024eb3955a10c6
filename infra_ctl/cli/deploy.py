"""`infra-ctl deploy`, `resume` and `rollback`: carry a plan out, go on with it, take it back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infra_ctl.cli.carrying import (
    Request,
    begin_and_carry_out,
    carry_out,
    do_nothing,
    failures_allowed,
    keep_option,
    refuse_unreachable,
    run_options,
    why_options,
)
from infra_ctl.cli.exits import Exit
from infra_ctl.cli.progress import Stopwatch, devices
from infra_ctl.cli.session import Session, confirm, selector_argument, session_options
from infra_ctl.errors import RefusedError
from infra_ctl.journal.records import RunState

if TYPE_CHECKING:
    from infra_ctl.plan import Prepared


@click.command()
@selector_argument
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Carry out this saved plan, and nothing else.",
)
@click.option("--dry-run", is_flag=True, help="Show the plan and stop.")
@keep_option
@run_options
@why_options
@session_options
def deploy(
    session: Session, /, selector: tuple[str, ...], plan_file: Path | None, *, dry_run: bool, **request: Any
) -> None:
    """Bring the selected devices to what the inventory says, wave by wave, each with a way back.

    Where all is confirmed and a path that answered before is lost all the same, the run is rolled back.

    \b
    infra-ctl deploy pop=nk --reason "IPv6 in An Hòa" --ticket CT-812
    infra-ctl deploy --plan plan-7f3a.json --yes

    Devices behind others that do not route yet come next, in runs of their own, once those are confirmed.
    """
    from infra_ctl.cli.planning import prepare
    from infra_ctl.deploy.run import DEPLOY

    if plan_file is not None and selector:
        raise click.UsageError("a saved plan names its devices: leave the selector out")
    clock = Stopwatch()
    prepared = prepare(session, " ".join(selector), plan_file)
    if plan_file is not None and not (prepared.plan.changed or prepared.plan.failed):
        do_nothing(session, f"plan {prepared.plan.id} has nothing to do")
        return
    wanted = Request(**request)
    code, left = go(session, prepared, DEPLOY, wanted, clock, dry_run=dry_run), prepared.plan.behind
    while left and code is Exit.DONE and plan_file is None and not session.is_json:
        session.say(f"\nnext    {devices(len(left))} behind them")
        code, left = _go_on(session, left, wanted)
    if left and code is Exit.DONE:
        session.say(f"left    {devices(len(left))} behind them: {session.command('deploy')}")
        code = Exit.PARTIAL
    raise click.exceptions.Exit(code or Exit.DONE)


def _go_on(session: Session, hosts: tuple[str, ...], request: Request) -> tuple[Exit | None, tuple[str, ...]]:
    """Deploy to devices that could not be reached before; how that ended, and those that are behind them.

    A refusal is no refusal of the whole any more: what lies before these is done.
    """
    from infra_ctl.cli.planning import prepare
    from infra_ctl.deploy.run import DEPLOY

    clock = Stopwatch()
    prepared = prepare(session, " or ".join(hosts))
    try:
        return go(session, prepared, DEPLOY, request, clock, dry_run=False), prepared.plan.behind
    except RefusedError as error:
        click.echo(f"error: {error}", err=True)
        return Exit.PARTIAL, ()


def go(
    session: Session, prepared: Prepared, kind: str, request: Request, clock: Stopwatch, *, dry_run: bool
) -> Exit | None:
    """Show a plan, and carry it out where there is something to do; None where nothing was done."""
    from infra_ctl.cli.planning import print_held, print_plan

    plan = prepared.plan
    worth_showing = plan.changed or plan.failed or plan.foreign
    if dry_run if session.is_json else worth_showing:  # JSON is one value: the plan or how it ended
        print_plan(session, plan)
    refuse_unreachable(plan, failures_allowed(request.max_fail, len(plan.devices)))
    if dry_run:
        return None
    if not plan.changed:
        if not worth_showing:
            print_held(session, plan)
        do_nothing(session, f"no changes ({devices(len(plan.devices))}, {clock})")
        return None
    return begin_and_carry_out(session, prepared, kind, request)


@click.command()
@click.argument("run_id", metavar="RUN")
@keep_option
@run_options
@session_options
def resume(session: Session, run_id: str, *, yes: bool, max_fail: str, timer: int, keep: bool) -> None:
    """Go on with a run that was killed, stopped or failed: devices are read first, then the journal.

    What took effect is not done again; what is armed is tested; what is left of the plan is carried out.

    \b
    infra-ctl resume 2026-11-21-005
    """
    from infra_ctl.cli.planning import kept_plan

    journal = session.journal()
    run = journal.run(run_id)
    if run.state is RunState.DONE:
        do_nothing(session, f"run {run_id} is done: nothing of it is left")
        return
    prepared = kept_plan(session, journal, run)
    if not confirm(f"go on with run {run_id}, {devices(len(prepared.plan.changed))}?", yes=yes):
        do_nothing(session, "nothing was done")
        return
    journal.reopen_run(run)
    budget = failures_allowed(max_fail, len(prepared.plan.devices)) + len(prepared.plan.failed)
    request = Request(yes, run.reason, run.ticket, max_fail, timer, keep=keep)
    code = carry_out(session, prepared, run, budget, request, resume=True)
    raise click.exceptions.Exit(code)


@click.command()
@click.argument("run_id", metavar="RUN")
@selector_argument
@click.option("--dry-run", is_flag=True, help="Show the plan and stop.")
@run_options
@why_options
@session_options
def rollback(
    session: Session, /, run_id: str, selector: tuple[str, ...], *, dry_run: bool, **request: Any
) -> None:
    """Take back what a run did, on all its devices or the selected ones. What was done since stays.

    It is a plan of its own, from what the devices run now: shown, tested wave by wave, and journalled.

    \b
    infra-ctl rollback 2026-11-21-005 --reason "video breaks up"
    infra-ctl rollback 2026-11-21-005 pop=nk --dry-run
    """
    from infra_ctl.cli.planning import prepare_rollback
    from infra_ctl.deploy.run import DRAIN

    clock = Stopwatch()
    prepared = prepare_rollback(session, run_id, " ".join(selector))
    if session.journal().run(run_id).kind == DRAIN:
        (device,) = (each.hostname for each in prepared.plan.devices)
        undo = session.command(f"drain {device} --undo")
        session.say(f"holds.yaml keeps its hold, which the next deploy honours: {undo} lifts it")
    wanted = Request(**request, undoes=run_id)
    code = go(session, prepared, "rollback", wanted, clock, dry_run=dry_run)
    raise click.exceptions.Exit(code or Exit.DONE)
