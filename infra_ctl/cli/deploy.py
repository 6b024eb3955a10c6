"""`infra-ctl deploy`, `resume` and `rollback`: carry a plan out, go on with it, take it back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infra_ctl.cli.carrying import (
    Request,
    Told,
    begin_and_carry_out,
    carry_out,
    do_nothing,
    failures_allowed,
    leave,
    refuse_cut,
    refuse_unreachable,
    run_options,
    why_options,
)
from infra_ctl.cli.progress import Stopwatch, devices
from infra_ctl.cli.session import Session, confirm, selector_argument, session_options
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
@run_options
@why_options
@session_options
def deploy(
    session: Session, /, selector: tuple[str, ...], plan_file: Path | None, *, dry_run: bool, **request: Any
) -> None:
    """Bring the selected devices to what the inventory says, wave by wave, each with a way back.

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
    kept = prepared.plan.kept
    if plan_file is not None and not (prepared.plan.changed or prepared.plan.failed):
        leave(session, do_nothing(session, f"plan {prepared.plan.id} has nothing to do"))
    first = _go(session, prepared, DEPLOY, wanted, clock, dry_run=dry_run)
    if first is None:
        return
    if not (kept and first.is_done):
        leave(session, first)
    if plan_file is not None:
        again = session.command(f"deploy {prepared.plan.selector}".rstrip())
        session.say(f"then    {again}      removes {', '.join(kept)}")
        leave(session, first)
    session.say(f"made    now {', '.join(kept)} may go")
    clock, prepared = Stopwatch(), prepare(session, " ".join(selector))
    second = _go(session, prepared, DEPLOY, wanted, clock, dry_run=False)
    leave(session, second or first, first)


def _go(
    session: Session, prepared: Prepared, kind: str, request: Request, clock: Stopwatch, *, dry_run: bool
) -> Told | None:
    """Show a plan, and carry it out where there is something to do and nobody objects; None if it is dry."""
    from infra_ctl.cli.planning import print_plan

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
        return do_nothing(session, f"no changes ({devices(len(plan.devices))}, {clock})")
    return begin_and_carry_out(session, prepared, kind, request)


@click.command()
@click.argument("run_id", metavar="RUN")
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
    prepared, wanted = kept_plan(session, journal, run), Request(**request)
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

    clock = Stopwatch()
    prepared = prepare_rollback(session, run_id, " ".join(selector))
    if told := _go(session, prepared, "rollback", Request(**request), clock, dry_run=dry_run):
        leave(session, told)
