"""A plan that takes back what a run did, computed from what is on the devices now."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from infra_ctl.change import normal
from infra_ctl.change.carried import holder
from infra_ctl.change.normal import Normal
from infra_ctl.change.openings import Doors
from infra_ctl.change.operations import Operation, Predicted, overwritten, way_back, written
from infra_ctl.change.operations import read as read_operations
from infra_ctl.change.plan import PlannedHost, Status
from infra_ctl.change.reading import read
from infra_ctl.change.router import InterfaceAddress
from infra_ctl.change.undo import is_whole, undone
from infra_ctl.change.undo import written as configuration
from infra_ctl.city import City
from infra_ctl.errors import RefusedError, RejectedError, SecretError, UnknownError
from infra_ctl.intent.purposes import is_aggregate
from infra_ctl.journal.process import is_alive
from infra_ctl.journal.records import PROCEDURE, WELL, Run, Step, StepState
from infra_ctl.journal.store import Journal
from infra_ctl.masking import Masking
from infra_ctl.plan import Judged, Planner, settled
from infra_ctl.predicting import Foresight, JudgedHost
from infra_ctl.secrets import references


def to_undo(journal: Journal, run: Run) -> dict[str, Step]:
    """The steps of a run that left, or may have left, a change on their devices and hosts, by name.

    Raises RefusedError while the run is not over, UnknownError where there is nothing to take back.
    """
    steps = journal.steps(run.id)
    open_ones = [step.device for step in steps if step.state not in (*_UNTOUCHED, *_TOUCHED)]
    if open_ones or is_alive(run):
        raise RefusedError(f"run {run.id} is not over: resume it first, or abort it")
    found = {step.device: step for step in steps if step.state in _TOUCHED}
    if not found:
        raise UnknownError(f"run {run.id} left no change on any device: there is nothing to take back")
    return found


def taken_back(journal: Journal, run_id: str) -> dict[str, str]:
    """Devices on which a later run took back what a run did, each with that run; not where it was itself."""
    found: dict[str, str] = {}
    for later in journal.undone_by(run_id):
        in_turn = taken_back(journal, later)
        for step in journal.steps(later):
            if step.state in WELL and step.device not in in_turn:
                found[step.device] = later
    return found


def later_steps(journal: Journal, run: Run, name: str) -> list[tuple[Run, Step]]:
    """What runs that ended after a run left on a device or host, or may have, oldest first."""
    found = (
        (each, step)
        for each in journal.runs(None, context=run.context, device=name)
        if each.kind != PROCEDURE and _over(each) > _over(run)
        for step in journal.steps(each.id)
        if step.device == name and step.state in _TOUCHED
    )
    return sorted(found, key=lambda each: _over(each[0]))


def _over(run: Run) -> datetime:
    """When a run was last heard of; one that was resumed is as young as that."""
    return run.ended or run.beat or run.started


def _standing(journal: Journal, later: Sequence[tuple[Run, Step]]) -> str:
    """The last of later runs that was not taken back, and took back none of them; empty for none."""
    ids = {run.id for run, _ in later}
    for run, step in reversed(later):
        took_back = run.undoes in ids and step.state in WELL
        if not took_back and step.device not in taken_back(journal, run.id):
            return run.id
    return ""


def hosts_of(journal: Journal, run: Run) -> dict[str, PlannedHost]:
    """Hosts as a run was to bring them on; none for one that had no hosts, or is older than they are."""
    text = journal.plan(run.id)
    hosts = json.loads(text).get("hosts", ()) if text else ()
    return {host["name"]: PlannedHost.model_validate(host) for host in hosts}


def judge_hosts(
    foresight: Foresight,
    journal: Journal,
    run: Run,
    steps: Iterable[Step],
    done: Mapping[str, PlannedHost],
) -> dict[str, JudgedHost]:
    """Hosts as they would be brought back to what they were last in sync with; `done` is what the run did."""
    now = journal.converged(run.context)
    wanted: dict[str, tuple[Operation, ...]] = {}
    failed: dict[str, JudgedHost] = {}
    for step in steps:
        name, old = step.device, journal.snapshot(step.before) if step.before else ""
        did, operations = done[name].changes, done[name].operations
        left = written(operations) if step.state is StepState.DONE else old
        later = later_steps(journal, run, name)
        as_left = bool(later) or now.get(name, "") == left  # of later ones, all of which were taken back
        cause = _objection(step, old, foresight.masking, _standing(journal, later), as_left=as_left)
        if cause := cause or _unkept(step, old, operations, _done(journal, step, did)):
            planned = PlannedHost(name=name, status=Status.FAILED, cause=cause)
            failed[name] = JudgedHost(planned, Doors((), ()))
        else:
            wanted[name] = way_back(read_operations(old), operations, did)
    return dict(sorted({**foresight.predicted(wanted), **failed}.items()))


def _objection(step: Step, old: str, masking: Masking, later: str, *, as_left: bool) -> str:
    """Why a host cannot be brought back; empty where it can. `later` is the last run that changed it.

    `as_left` is whether it is still remembered as the step left it.
    """
    if step.state is StepState.UNKNOWN:
        return f"it ended {step.state} in run {step.run}: look at it"
    if not old:
        return f"before run {step.run} it was never as intended: there is nothing to bring it back to"
    if later:
        return f"changed by run {later} since: roll that back first"
    if not as_left:
        return f"changed since run {step.run}, by none that the journal knows: look at it"
    try:
        same = masking.digest(old) == step.secrets
    except SecretError:
        same = False
    return "" if same else f"a secret that comes back has changed since run {step.run}"


def _done(journal: Journal, step: Step, did: Iterable[Predicted]) -> tuple[Predicted, ...]:
    """Of what was to be done to a host, what was done, by what the journal was told as it was."""
    told = {event.detail for event in journal.events(step.run, step.device)}
    return tuple(each for each in did if each.says in told)


def _unkept(step: Step, old: str, new: tuple[Operation, ...], did: Iterable[Predicted]) -> str:
    """Why what a run has written over cannot be put back; empty where it has written over nothing."""
    for path in overwritten(read_operations(old), new, did):
        return f"{path} was there before run {step.run}: nobody kept it"
    return ""


_UNTOUCHED = (StepState.WAITING, StepState.RESTORED, StepState.FAILED)
_TOUCHED = (
    StepState.CONFIRMED,
    StepState.UNKNOWN,
    StepState.NOT_RESTORED,
    StepState.DONE,
    StepState.STOPPED,
)


def refuse_gone(city: City, run: Run, hostnames: Iterable[str]) -> None:
    """What has left the inventory cannot be planned any more. Raises RefusedError."""
    if gone := [host for host in hostnames if host not in city.intents]:
        raise RefusedError(
            f"run {run.id} changed {gone[0]}, which the inventory has no more: bring back the inventory of "
            f"that run, or leave it out: 'not {gone[0]}'"
        )


def refuse_given_up(city: City, run: Run, judged: Mapping[str, Judged]) -> None:
    """An address of the city's that comes back must still be for something: else another has it next.

    Raises RefusedError.
    """
    for host, address in given_up(city, judged):
        raise RefusedError(
            f"run {run.id} took {address} from {host}, and nothing in the inventory is there for it "
            f"any more: bring back the inventory from before that run"
        )


def given_up(city: City, judged: Mapping[str, Judged]) -> Iterator[tuple[str, InterfaceAddress]]:
    """Addresses of the city's that come back to devices and that nothing in the inventory is there for."""
    ours = {key: network for key, network in city.prefixes.items() if not is_aggregate(key[1])}
    pools = (city.inventory.addressing.ipv4, city.inventory.addressing.ipv6)
    for host, each in judged.items():
        back = _own(each.planned.candidate) - _own(each.running)
        for address in sorted(back, key=str):
            if any(address.ip in pool for pool in pools) and holder(address, ours) is None:
                yield host, address


def _own(text: str) -> frozenset[InterfaceAddress]:
    """Addresses of a router's interfaces."""
    ports = read(normal.parse(text)).ports.values()
    return frozenset(address for port in ports for address in port.addresses)


def judge(
    planner: Planner, journal: Journal, steps: Iterable[Step], on_done: Callable[[str], None]
) -> dict[str, Judged]:
    """Read the devices and let each judge the configuration without the run's change."""
    by_host = {step.device: step for step in steps}

    def one(hostname: str) -> Judged:
        step = by_host[hostname]
        with planner.fleet.open(hostname) as device:
            running = settled(hostname, device)
            candidate = _without(step, journal, planner, running)
            intent = planner.city.intent(hostname)
            return Judged(planner.staged(device, intent, candidate, running), running, None)

    return planner.each(by_host, one, on_done)


def _without(step: Step, journal: Journal, planner: Planner, running: str) -> str:
    """The configuration of now without a step's change. Raises RejectedError where not all of it is there."""
    if step.state is not StepState.CONFIRMED:
        raise RejectedError(step.device, f"it ended {step.state} in run {step.run}: look at it")
    if not step.before or not step.after:
        raise RejectedError(step.device, f"run {step.run} kept no snapshots of it")
    now = normal.parse(planner.masking.mask(running))
    before, after = (normal.parse(journal.snapshot(digest)) for digest in (step.before, step.after))
    try:
        target = undone(now, before, after)
    except ValueError as error:
        by = f", by run {last}" if (last := _broken_by(journal, step, before, after)) else ""
        raise RejectedError(step.device, f"changed since run {step.run}{by}: {error}") from error
    _refuse_other_secrets(step, normal.to_text(set(target) - set(now)), journal, planner.masking)
    return configuration(target, running)


def _broken_by(journal: Journal, step: Step, before: Normal, after: Normal) -> str:
    """The run since that left not all of a step's change; empty where it was none that the journal knows."""
    for run, later in later_steps(journal, journal.run(step.run), step.device):
        if not (later.before and later.after):
            continue
        was, became = (normal.parse(journal.snapshot(digest)) for digest in (later.before, later.after))
        if not is_whole(was, before, after):
            return ""
        if not is_whole(became, before, after):
            return run.id
    return ""


def _refuse_other_secrets(step: Step, back: str, journal: Journal, masking: Masking) -> None:
    """A line that comes back with a secret must not come back with another one. Raises RejectedError."""
    if not references(back):
        return
    try:
        same = masking.digest(journal.snapshot(step.before)) == step.secrets
    except SecretError:
        same = False
    if not same:
        raise RejectedError(step.device, f"a secret that comes back has changed since run {step.run}")
