"""A plan that takes back what a run did, computed from what is on the devices now."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from infra_ctl.change import normal
from infra_ctl.change.undo import undone, written
from infra_ctl.errors import RejectedError, UnknownError
from infra_ctl.journal.records import Step, StepState
from infra_ctl.journal.store import Journal
from infra_ctl.plan import Judged, Planner, settled


def changed_by(journal: Journal, run: str) -> dict[str, Step]:
    """The devices on which a run left a change, by hostname. Raises UnknownError where there is none."""
    found = {step.device: step for step in journal.steps(run) if step.state is StepState.CONFIRMED}
    if not found:
        raise UnknownError(f"run {run} left no change on any device: there is nothing to take back")
    return found


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
    if not step.before or not step.after:
        raise RejectedError(step.device, f"run {step.run} kept no snapshots of it")
    now = normal.parse(planner.masking.mask(running))
    before, after = (normal.parse(journal.snapshot(digest)) for digest in (step.before, step.after))
    try:
        return written(undone(now, before, after), running)
    except ValueError as error:
        raise RejectedError(step.device, f"changed since run {step.run}: {error}") from error
