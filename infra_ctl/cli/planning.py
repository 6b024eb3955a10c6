"""Making or reading a plan for a command, and printing it."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from infra_ctl.change import plan as plans
from infra_ctl.change.plan import Plan, Status
from infra_ctl.cli.gate import law_lines, lawful
from infra_ctl.cli.progress import counting, names, some
from infra_ctl.cli.session import Session, console
from infra_ctl.context.devices import present
from infra_ctl.errors import RefusedError, UnknownError, UnusableError
from infra_ctl.journal.process import is_alive
from infra_ctl.journal.records import PROCEDURE, RunState
from infra_ctl.making import made_first
from infra_ctl.plan import Judged, Planner, Prepared, assemble
from infra_ctl.predicting import repredicted, with_hosts
from infra_ctl.saved_plan import carried_out_by, refuse_stale, reread

if TYPE_CHECKING:
    from rich.console import Console

    from infra_ctl.city import City
    from infra_ctl.journal.records import Run, Step
    from infra_ctl.journal.store import Journal
    from infra_ctl.predicting import Foresight, JudgedHost


def prepare(session: Session, selector: str, plan_file: Path | None = None) -> Prepared:
    """The plan for `selector`, made now, or the one in `plan_file`, checked against what there is now."""
    city = session.city()
    masking = session.masking(city)
    fleet = session.fleet(city)
    journal = session.journal()
    context = session.context.name
    planner = Planner(city, fleet, masking, journal.synced(context), present(session.context, city))
    foresight = session.foresight(city, masking)
    if plan_file is None:
        return _made(session, planner, foresight, journal, selector)
    hosts = foresight.fleet if foresight else None
    saved = plans.read(plan_file)
    refuse_stale(saved, city, masking, context)
    try:
        plan, bases = reread(saved, planner)
        plan = repredicted(plan, hosts, masking)
    except RefusedError as error:
        if (run := carried_out_by(saved, journal)) is None:
            raise
        raise _begun_already(session, saved, run) from error
    return Prepared(city, fleet, journal, masking, plan, bases, hosts)


def _begun_already(session: Session, plan: Plan, run: Run) -> RefusedError:
    """What its devices run has changed since a plan was made, and this is why."""
    if run.state is RunState.DONE:
        return RefusedError(f"plan {plan.id} was carried out already, by run {run.id}: plan again")
    go_on = session.command(f"resume {run.id}")
    return RefusedError(f"plan {plan.id} was begun already, by run {run.id}, {run.state}: {go_on}")


def prepare_rest(session: Session, first: Prepared, selector: str) -> Prepared:
    """The plan for what another one has left for later: of the very city that it was made from."""
    foresight = session.foresight(first.city, first.masking, first.hosts)
    planner = _planner_of(first, present(session.context, first.city))
    return _made(session, planner, foresight, first.journal, selector)


def prepare_undo(session: Session, first: Prepared, run: Run, there: Collection[str]) -> Prepared:
    """The plan that takes back all that a run did which this very process has carried out."""
    from infra_ctl.rollback import to_undo

    written = first.journal.run(run.id)
    steps = list(to_undo(first.journal, written).values())
    foresight = session.foresight(first.city, first.masking, first.hosts) if first.hosts else None
    return _undoing(_planner_of(first, there), foresight, first.journal, written, steps, "")


def _planner_of(first: Prepared, there: Collection[str]) -> Planner:
    """What plans the same city again, from what its devices were seen to run since."""
    synced = first.journal.synced(first.plan.context)
    return Planner(first.city, first.fleet, first.masking, synced, there)


def _made(
    session: Session, planner: Planner, foresight: Foresight | None, journal: Journal, selector: str
) -> Prepared:
    context = session.context.name
    hostnames, names = session.choose(planner.city, selector)
    names = (*names, *foresight.parts_of(hostnames, names)) if foresight else ()
    with counting("reading", len(hostnames), len(names)) as on_done, ThreadPoolExecutor(1) as beside:
        asked = beside.submit(foresight.judge, names, on_done) if foresight else None
        judged: Mapping[str, Judged] = planner.judge(hostnames, on_done)
        hosts = asked.result() if asked else {}
    journal.remember_synced(context, [each.synced for each in judged.values() if each.synced])
    journal.remember_converged(
        context, {name: each.operations for name, each in hosts.items() if each.operations}
    )
    plan = assemble(planner, judged, context, selector)
    if plan.breaks:
        plan, judged = made_first(planner, judged, plan, lambda _hostname: None)
    return lawful(session, _prepared(planner, journal, plan, judged, foresight, hosts), hosts)


def _prepared(
    planner: Planner,
    journal: Journal,
    plan: Plan,
    judged: Mapping[str, Judged],
    foresight: Foresight | None = None,
    hosts: Mapping[str, JudgedHost] = MappingProxyType({}),
) -> Prepared:
    bases = {host: each.running for host, each in judged.items() if each.running}
    fleet = foresight.fleet if foresight else None
    if foresight and hosts:
        plan = with_hosts(plan, planner.city, foresight.meant, hosts)
    return Prepared(planner.city, planner.fleet, journal, planner.masking, plan, bases, fleet)


def prepare_replacement(session: Session, city: City, name: str, known_hosts: Path) -> Prepared:
    """The plan for a new device or host: what the journal remembers is of the old one."""
    fleet, there = session.fleet(city, {name: known_hosts}), present(session.context, city)
    planner = Planner(city, fleet, session.masking(city), {}, there)
    judged = planner.judge([name] if name in city.intents else [], lambda _hostname: None)
    plan = assemble(planner, judged, session.context.name, name)
    if name in city.intents or not (foresight := session.foresight(city, planner.masking)):
        return _prepared(planner, session.journal(), plan, judged)
    foresight = dataclasses.replace(foresight, fleet=foresight.fleet.pinned_in(known_hosts))
    return _prepared(planner, session.journal(), plan, judged, foresight, foresight.judge([name]))


def kept_plan(session: Session, journal: Journal, run: Run) -> Prepared:
    """The plan of a run, as the journal has it. Raises RefusedError where nobody can go on with it."""
    from infra_ctl.deploy.run import REPLACE

    if is_alive(run):
        raise RefusedError(f"run {run.id} is under way: {run.user}@{run.host}")
    if run.kind == PROCEDURE:
        raise RefusedError(f"run {run.id} is a procedure: what is idempotent is run again, not gone on with")
    text = journal.plan(run.id)
    if not text:
        raise RefusedError(f"run {run.id} kept no plan: deploy again, it plans what is left")
    try:
        plan = plans.parse(text, f"the plan of run {run.id}")
    except UnusableError as error:
        raise RefusedError(f"{error}: deploy again, it plans what is left") from error
    if run.kind == REPLACE:
        again = session.command(f"replace {plan.parts[0].name}")
        raise RefusedError(f"run {run.id} replaces hardware that is not pinned yet: {again}")
    city = session.city()
    masking = session.masking(city)
    refuse_stale(plan, city, masking, session.context.name)
    foresight = session.foresight(city, masking) if plan.changed_hosts else None
    hosts = foresight.fleet if foresight else None
    return Prepared(city, session.fleet(city), journal, masking, plan, {}, hosts)


def prepare_rollback(session: Session, run_id: str, selector: str) -> Prepared:
    """The plan that takes back what a run did on the selected devices, made from what they run now."""
    from infra_ctl.rollback import hosts_of, refuse_gone, taken_back, to_undo

    city, journal = session.city(), session.kept_journal()
    run = journal.run(run_id)
    if run.context != session.context.name:
        raise RefusedError(f"run {run_id} was in context {run.context}, not {session.context.name}")
    if run.kind == PROCEDURE:
        raise RefusedError(f"run {run.id} is a procedure: nobody knows the inverse of a playbook")
    changed = to_undo(journal, run)
    chosen = (_chosen(session, city, selector) if selector else set(changed)) & changed.keys()
    if not chosen:
        raise UnknownError(f"run {run_id} changed none of '{selector}'")
    undone = {host: by for host, by in taken_back(journal, run_id).items() if host in chosen}
    told = f"run {run_id} was taken back already, by run {', '.join(sorted(set(undone.values())))}"
    if not chosen - undone.keys():
        raise RefusedError(f"{told}: nothing of it is left")
    if undone:
        session.say(f"left    {names(sorted(undone), 6)}: {told}")
    steps = [step for name, step in changed.items() if name in chosen - undone.keys()]
    hosts = hosts_of(journal, run)
    refuse_gone(city, run, (step.device for step in steps if step.device not in hosts))
    there = present(session.context, city)
    masking = session.masking(city)
    planner = Planner(city, session.fleet(city), masking, journal.synced(run.context), there)
    foresight = session.foresight(city, masking) if hosts else None
    return _undoing(planner, foresight, journal, run, steps, selector)


def _chosen(session: Session, city: City, selector: str) -> set[str]:
    """Devices with their host parts, and hosts."""
    devices, hosts = session.choose(city, selector)
    return {*devices, *hosts, *(f"{device}/host" for device in devices)}


def _undoing(
    planner: Planner,
    foresight: Foresight | None,
    journal: Journal,
    run: Run,
    steps: Sequence[Step],
    selector: str,
) -> Prepared:
    from infra_ctl.rollback import hosts_of, judge, judge_hosts, refuse_given_up

    done = hosts_of(journal, run)
    of_hosts = [step for step in steps if step.device in done]
    of_devices = [step for step in steps if step.device not in done]
    with counting("reading", len(of_devices), len(of_hosts)) as on_done:
        judged = judge(planner, journal, of_devices, on_done)
        hosts = judge_hosts(foresight, journal, run, of_hosts, done) if foresight and of_hosts else {}
    refuse_given_up(planner.city, run, judged)
    plan = assemble(planner, judged, run.context, selector)
    return _prepared(planner, journal, plan, judged, foresight, hosts)


def print_plan(session: Session, plan: Plan) -> None:
    """The plan as an engineer reads it, or as JSON."""
    if session.is_json:
        session.emit(plan.model_dump(mode="json"))
        return
    screen = console()
    changes = _alike((each.name, each.diff) for each in plan.changing)
    brief = not session.verbose and sum(diff.count("\n") for _, diff in changes) > MOST_LINES
    for hosts, diff in changes:
        if brief:
            screen.print(f"~ {names(hosts, 6)}   {_size(diff)}", markup=False)
            continue
        screen.print(f"\n[bold]~ {names(hosts, 6)}[/bold]")
        for line in diff.splitlines():
            screen.print(f"  {line}", style=_STYLES.get(line[:1]), markup=False)
    if brief:
        screen.print(f"\nlines   -v shows all; of one alone: {session.command('plan NAME')}")
    for hosts, cause in _alike((each.name, each.cause) for each in plan.failed):
        screen.print(f"\n! {names(hosts, 6)}   {cause}", style="red", markup=False)
    if plan.behind:
        reached = "cannot be reached yet: what lies between does not lead there"
        screen.print(f"\n… {names(plan.behind, 6)}   {reached}", style="yellow", markup=False)
    for hosts, lines in _alike((device.hostname, device.foreign) for device in plan.foreign):
        kept = "1 line that intent does not know stays"
        if len(lines) > 1:
            kept = f"{len(lines)} lines that intent does not know stay"
        advice = session.command(f"adopt {hosts[0]}")
        screen.print(f"\n? {names(hosts, 3)}   {kept}: {advice}", style="yellow", markup=False)
    screen.print()
    print_held(session, plan)
    screen.print(summary(plan))
    _print_waves(screen, plan)


def print_held(session: Session, plan: Plan) -> None:
    """Holds in force on the devices of a plan, a line each."""
    for words in plan.held:
        session.say(f"held    {words}")


def _print_waves(screen: Console, plan: Plan) -> None:
    for number, wave in enumerate(plan.waves, start=1):
        screen.print(f"{'waves' if number == 1 else '     '}  {number:>2}  {names(wave, 6)}", markup=False)
    for number, lost in _expected_losses(plan):
        screen.print(f"loses  {number:>2}  {some(lost, 3)}", style="yellow", markup=False)
    for stays in plan.stays:
        screen.print(f"keeps   {stays}, until a second run has seen what takes its place", markup=False)
    for broken in plan.breaks[:MOST_BREAKS]:
        screen.print(f"cuts    {broken}", style="red", markup=False)
    if len(plan.breaks) > MOST_BREAKS:
        screen.print(f"cuts    … and {len(plan.breaks) - MOST_BREAKS} more", style="red", markup=False)
    if plan.unmade:
        screen.print(f"        not made before it is broken: {plan.unmade}", style="red", markup=False)
    for line, style in law_lines(plan):
        screen.print(line, style=style, markup=False)


def _expected_losses(plan: Plan) -> Iterator[tuple[int, tuple[str, ...]]]:
    """What each wave's state is expected to have no more, wave by wave: paths first, then neighbours."""
    devices = {device.hostname: device for device in plan.devices}
    for number, (wave, paths) in enumerate(zip(plan.device_waves, plan.cuts, strict=True), start=1):
        neighbours = (f"{host}: {lost}" for host in wave for lost in devices[host].may_lose)
        if lost := (*paths, *neighbours):
            yield number, lost


Same = TypeVar("Same")


def _alike(each: Iterable[tuple[str, Same]]) -> list[tuple[list[str], Same]]:
    """Hostnames that have the same to show, so that it is shown once."""
    groups: dict[Same, list[str]] = {}
    for hostname, shown in each:
        groups.setdefault(shown, []).append(hostname)
    return [(hosts, shown) for shown, hosts in groups.items()]


def _size(diff: str) -> str:
    """`+72 -3`."""
    signs = Counter(line[:1] for line in diff.splitlines())
    return " ".join(f"{sign}{signs[sign]}" for sign in "+-" if signs[sign])


MOST_LINES = 500
"""Of a diff that is shown without -v: nobody reads a whole city's first deployment line by line."""

MOST_BREAKS = 5
"""Lines of devices that the controller loses its way to."""

_STYLES = {"+": "green", "-": "red"}


def summary(plan: Plan) -> str:
    """`13 unchanged · 1 to change · 0 failed`."""
    unchanged = sum(1 for each in plan.parts if each.status is Status.UNCHANGED)
    behind = f" · {len(plan.behind)} behind them" if plan.behind else ""
    return f"{unchanged} unchanged · {len(plan.steps)} to change · {len(plan.failed)} failed{behind}"
