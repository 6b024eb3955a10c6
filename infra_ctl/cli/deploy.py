"""`infra-ctl deploy`, `resume` and `rollback`: carry a plan out, go on with it, take it back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infra_ctl.cli.carrying import begin_and_carry_out, carry_out
from infra_ctl.cli.ending import Told, do_nothing, leave
from infra_ctl.cli.exits import Exit
from infra_ctl.cli.progress import Stopwatch, devices
from infra_ctl.cli.request import (
    Request,
    failures_allowed,
    keep_option,
    refuse_cut,
    refuse_unreachable,
    run_options,
    why_options,
)
from infra_ctl.cli.session import Session, confirm, selector_argument, session_options
from infra_ctl.errors import RefusedError
from infra_ctl.journal.records import RunState

if TYPE_CHECKING:
    from infra_ctl.change.plan import Plan
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

    Where all is confirmed and a path that answered before is lost all the same, the run is rolled back. Links
    that stay until their successors work, and devices behind others that do not route yet, come after that,
    in runs of their own.

    \b
    infra-ctl deploy pop=nk --reason "IPv6 in An Hòa" --ticket CT-812
    infra-ctl deploy --plan plan-7f3a.json --yes
    """
    from infra_ctl.cli.planning import prepare
    from infra_ctl.deploy.run import DEPLOY

    if plan_file is not None and selector:
        raise click.UsageError("a saved plan names its devices: leave the selector out")
    clock, wanted = Stopwatch(), Request(**request)
    prepared = prepare(session, " ".join(selector), plan_file)
    plan = prepared.plan
    if plan_file is not None and not (plan.changed or plan.failed):
        leave(session, do_nothing(session, f"plan {plan.id} has nothing to do"))
    told = go(session, prepared, DEPLOY, wanted, clock, dry_run=dry_run)
    if told is None:
        return
    leave(session, _say_left(session, plan, told) if plan_file else _go_on(session, plan, wanted, told))


def _go_on(session: Session, plan: Plan, request: Request, told: Told) -> Told:
    """Carry out what a plan that is done has left for later, and what that leaves.

    A refusal is no refusal of the whole any more: what came before is done.
    """
    from infra_ctl.cli.planning import prepare
    from infra_ctl.deploy.run import DEPLOY

    while told.is_done and (plan.kept or plan.behind):
        if plan.kept:
            session.say(f"made    now {', '.join(plan.kept)} may go")
        else:
            session.say(f"\nnext    {devices(len(plan.behind))} behind them")
        clock, prepared = Stopwatch(), prepare(session, _selector_of_rest(plan))
        plan = prepared.plan
        try:
            second = go(session, prepared, DEPLOY, request, clock, dry_run=False)
        except RefusedError as error:
            click.echo(f"error: {error}", err=True)
            return Told(Exit.PARTIAL, told.value)
        if second is not None:
            told = second.after(told)
    return told


def _selector_of_rest(plan: Plan) -> str:
    """What a plan leaves for later: all of it again, while links of it are kept, or the devices behind it."""
    return plan.selector if plan.kept else " or ".join(plan.behind)


def _say_left(session: Session, plan: Plan, told: Told) -> Told:
    """A saved plan is carried out and nothing else: what is left is for somebody to plan."""
    if not told.is_done or not (plan.kept or plan.behind):
        return told
    again = session.command(f"deploy {plan.selector}".rstrip())
    if plan.kept:
        session.say(f"then    {again}      removes {', '.join(plan.kept)}")
        return told
    session.say(f"left    {devices(len(plan.behind))} behind them: {again}")
    return Told(Exit.PARTIAL, told.value)


def go(
    session: Session, prepared: Prepared, kind: str, request: Request, clock: Stopwatch, *, dry_run: bool
) -> Told | None:
    """Show a plan, and carry it out where there is something to do and nobody objects; None if it is dry."""
    from infra_ctl.cli.planning import print_held, print_plan

    plan = prepared.plan
    worth_showing = plan.changed or plan.failed or plan.foreign
    if dry_run if session.is_json else worth_showing:  # JSON is one value: the plan or how it ended
        print_plan(session, plan)
    refuse_unreachable(plan, failures_allowed(request.max_fail, len(plan.devices)))
    if not request.may_cut:
        refuse_cut(plan)
    if dry_run:
        return None
    if not plan.changed:
        if not worth_showing:
            print_held(session, plan)
        return do_nothing(session, f"no changes ({devices(len(plan.devices))}, {clock})")
    return begin_and_carry_out(session, prepared, kind, request)


@click.command()
@click.argument("run_id", metavar="RUN")
@keep_option
@run_options
@session_options
def resume(session: Session, /, run_id: str, **request: Any) -> None:
    """Go on with a run that was killed, stopped or failed: devices are read first, then the journal.

    What took effect is not done again; what is armed is tested; what is left of the plan is carried out.

    \b
    infra-ctl resume 2026-11-21-005
    """
    from infra_ctl.cli.planning import kept_plan

    journal = session.journal()
    run = journal.run(run_id)
    if run.state is RunState.DONE:
        leave(session, do_nothing(session, f"run {run_id} is done: nothing of it is left"))
    prepared = kept_plan(session, journal, run)
    wanted = Request(**request, reason=run.reason, ticket=run.ticket)
    plan = prepared.plan
    for broken in plan.breaks[:1]:
        more = f" and {len(plan.breaks) - 1} more" if len(plan.breaks) > 1 else ""
        session.say(f"allowed to cut when it began: {broken}{more}")
    if not confirm(f"go on with run {run_id}, {devices(len(plan.changed))}?", yes=wanted.yes):
        leave(session, do_nothing(session, "nothing was done"))
    journal.reopen_run(run)
    budget = failures_allowed(wanted.max_fail, len(plan.devices)) + len(plan.failed)
    leave(session, carry_out(session, prepared, run, budget, wanted, resume=True))


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
    if told := go(session, prepared, "rollback", wanted, clock, dry_run=dry_run):
        leave(session, told)
