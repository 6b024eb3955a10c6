"""`infra-ctl deploy`, `resume` and `rollback`: carry a plan out, go on with it, take it back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infra_ctl.cli.backup import keep_changed
from infra_ctl.cli.carrying import begin_and_carry_out, carry_out
from infra_ctl.cli.ending import Ending, do_nothing, leave, none_planned
from infra_ctl.cli.later import Later, later, not_begun, say_done, say_left, stopped_by
from infra_ctl.cli.progress import Stopwatch, counted
from infra_ctl.cli.request import (
    Request,
    fail_option,
    failures_allowed,
    keep_option,
    refuse,
    refuse_short,
    run_options,
    why_options,
)
from infra_ctl.cli.session import Session, confirm, selector_argument, session_options
from infra_ctl.errors import InfraCtlError
from infra_ctl.journal.records import RunState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from infra_ctl.change.plan import Plan
    from infra_ctl.inventory.models import Hold
    from infra_ctl.journal.records import Run
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
@click.option(
    "--backup",
    is_flag=True,
    envvar="INFRA_CTL_DEPLOY_BACKUP",
    show_envvar=True,
    help="Then keep what it changed, as backup does, by this run.",
)
@keep_option
@fail_option
@run_options
@why_options
@session_options
def deploy(
    session: Session,
    /,
    selector: tuple[str, ...],
    plan_file: Path | None,
    *,
    dry_run: bool,
    backup: bool,
    **request: Any,
) -> None:
    """Bring the selected devices and hosts to what the inventory says, wave by wave; devices have a way back.

    Where all is confirmed and a path that answered before is lost all the same, the run is rolled back. What
    stays until its successor works, links and ports, and what is behind routers that do not route yet, come
    after that, in runs of their own.

    A host has a way back only from what could lock us out. It is done, or STOPPED at an operation, by name.
    What the law asks and is so must stay so, or waivers.yaml says who answers for it: else exit 4.

    \b
    infra-ctl deploy pop=nk --reason "IPv6 in An Hòa" --ticket CT-812
    infra-ctl deploy zone=dmz or role=core
    infra-ctl deploy --plan plan-7f3a.json --yes
    """
    from infra_ctl.cli.planning import prepare
    from infra_ctl.deploy.run import DEPLOY

    if plan_file is not None and selector:
        raise click.UsageError("a saved plan names its devices: leave the selector out")
    clock, wanted = Stopwatch(), Request(**request)
    prepared = prepare(session, " ".join(selector), plan_file)
    plan = prepared.plan
    if plan_file is not None and not (plan.steps or plan.failed):
        leave(session, do_nothing(session, f"plan {plan.id} has nothing to do"))
    ending = go(session, prepared, DEPLOY, wanted, clock, dry_run=dry_run)
    if ending is None:
        return
    if plan_file is not None:
        ending = say_left(session, plan, ending)
    else:
        ending = go_on(session, prepared, wanted, ending)
    leave(session, keep_changed(session, prepared, ending) if backup else ending)


def go_on(session: Session, prepared: Prepared, request: Request, ending: Ending) -> Ending:
    """Carry out what a plan that is done has left for later, and what that leaves, by the same inventory.

    Whatever stops that, what came before is done: it is a run that was stopped part-way.
    """
    from infra_ctl.cli.planning import prepare_rest
    from infra_ctl.deploy.run import DEPLOY

    last: Later | None = None
    while ending.is_done and (rest := later(prepared.plan)):
        if rest == last:  # it was not enough to bring the rest about: somebody has to look
            return say_left(session, prepared.plan, ending)
        last = rest
        session.say(rest.next)
        clock = Stopwatch()
        try:
            prepared = prepare_rest(session, prepared, rest.rest)
            _show(session, prepared.plan, request, dry_run=False)
            second = _carry_out(session, prepared, DEPLOY, request, clock)
        except (InfraCtlError, click.ClickException, click.Abort, KeyboardInterrupt) as error:
            return stopped_by(session, rest, ending, error)
        if not second.is_run:
            return not_begun(session, rest, ending, second, prepared.plan)
        ending = second.after(ending)
    return ending


def go(
    session: Session,
    prepared: Prepared,
    kind: str,
    request: Request,
    clock: Stopwatch,
    *,
    dry_run: bool,
    begun: Callable[[Run], None] = lambda _run: None,
) -> Ending | None:
    """Show a plan, and carry it out where there is something to do and nobody objects; None if it is dry."""
    _show(session, prepared.plan, request, dry_run=dry_run)
    if not dry_run:
        return _carry_out(session, prepared, kind, request, clock, begun)
    if not (session.is_json or _is_worth_showing(prepared.plan)):
        session.say(_no_changes(session, prepared.plan, clock))
    return None


def _show(session: Session, plan: Plan, request: Request, *, dry_run: bool) -> None:
    """A plan, and what is refused of it."""
    from infra_ctl.cli.planning import print_plan

    if dry_run if session.is_json else _is_worth_showing(plan):  # JSON is one value: the plan or how it ended
        print_plan(session, plan)
    refuse(plan, request)


def _is_worth_showing(plan: Plan) -> bool:
    return bool(plan.steps or plan.failed or plan.foreign)


def _carry_out(
    session: Session,
    prepared: Prepared,
    kind: str,
    request: Request,
    clock: Stopwatch,
    begun: Callable[[Run], None] = lambda _run: None,
) -> Ending:
    plan = prepared.plan
    if plan.steps:
        return begin_and_carry_out(session, prepared, kind, request, begun=begun)
    if plan.failed:
        return none_planned(session, plan)
    return do_nothing(session, _no_changes(session, plan, clock))


def _no_changes(session: Session, plan: Plan, clock: Stopwatch) -> str:
    """The last line of a plan with nothing to do, after what is held, where the plan has not told that."""
    from infra_ctl.cli.planning import print_held

    if not _is_worth_showing(plan):
        print_held(session, plan)
    return f"no changes ({counted(plan.parts)}, {clock})"


@click.command()
@click.argument("run_id", metavar="RUN")
@keep_option
@fail_option
@run_options
@session_options
def resume(session: Session, /, run_id: str, **request: Any) -> None:
    """Go on with a run that was killed, stopped or failed: first all are read, then the journal.

    What took effect is not done again; what is armed is tested; what is left of the plan is carried out, and
    what a deployment leaves for later comes after that, in runs of its own.

    \b
    infra-ctl resume 2026-11-21-005
    """
    from infra_ctl.cli.planning import kept_plan
    from infra_ctl.deploy.run import DEPLOY

    journal = session.kept_journal()
    run = journal.run(run_id)
    if run.state is RunState.DONE:
        leave(session, say_done(session, journal, run))
    prepared = kept_plan(session, journal, run)
    wanted = Request(**request, reason=run.reason, ticket=run.ticket)
    plan = prepared.plan
    refuse_short(plan, wanted.timer)
    for broken in plan.breaks[:1]:
        more = f" and {len(plan.breaks) - 1} more" if len(plan.breaks) > 1 else ""
        session.say(f"allowed to cut when it began: {broken}{more}")
    if not confirm(f"go on with run {run_id}, {counted(plan.changing)}?", yes=wanted.yes):
        leave(session, do_nothing(session, "nothing was done"))
    journal.reopen_run(run)
    budget = failures_allowed(wanted.max_fail, len(plan.parts)) + len(plan.failed)
    ending = carry_out(session, prepared, run, budget, wanted, resume=True)
    if run.kind != DEPLOY:
        leave(session, say_left(session, plan, ending, run.undoes))
    leave(session, go_on(session, prepared, wanted, ending))


@click.command()
@click.argument("run_id", metavar="RUN")
@selector_argument
@click.option("--dry-run", is_flag=True, help="Show the plan and stop.")
@fail_option
@run_options
@why_options
@session_options
def rollback(
    session: Session, /, run_id: str, selector: tuple[str, ...], *, dry_run: bool, **request: Any
) -> None:
    """Take back what a run did, on all its devices and hosts or the selected ones. What was done since stays.

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
        session.say(_after_undrain(device, prepared.city.inventory.holds, session.command))
    wanted = Request(**request, undoes=run_id)
    if ending := go(session, prepared, "rollback", wanted, clock, dry_run=dry_run):
        leave(session, say_left(session, prepared.plan, ending, run_id))


def _after_undrain(device: str, holds: Iterable[Hold], command: Callable[[str], str]) -> str:
    """What the next deploy makes of a device whose drain, or the end of it, is rolled back."""
    if any((hold.object, hold.effect) == (device, "drain") for hold in holds):
        lift = command(f"drain {device} --undo")
        return f"holds.yaml keeps its hold, which the next deploy honours: {lift} lifts it"
    return f"holds.yaml does not hold {device}: the next deploy gives it its traffic"
