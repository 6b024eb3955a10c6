"""A deployment from its first journal line to its last: roll out, remember what is in sync, judge the end."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from threading import Event as Flag

from infra_ctl.change.plan import Plan, Status
from infra_ctl.change.watched import watched
from infra_ctl.deploy.rollout import Report, Result, Rollout
from infra_ctl.deploy.step import Patience, Stepper
from infra_ctl.deploy.watch import Watch
from infra_ctl.drivers.base import DeviceState
from infra_ctl.evidence import Answer
from infra_ctl.intent.expectations import Reachable
from infra_ctl.journal.records import Purpose, RunState, Step, StepState, Synced
from infra_ctl.outcome import Outcome
from infra_ctl.plan import Prepared, in_sync
from infra_ctl.render import render
from infra_ctl.verify import Changed, at_stake, unmet

END_STATE_SECONDS = 120.0
"""For the last adjacencies of a run to come up: OSPF's dead interval twice, and BGP's retries."""


@dataclass(frozen=True, slots=True)
class Concluded:
    """How a whole run ended."""

    result: Result
    unmet: tuple[Outcome, ...]
    """What the devices that it changed should be by now and are not."""
    state: RunState


def begin(prepared: Prepared, purpose: Purpose) -> str:
    """Write a run and its steps; its id. Raises RefusedError while another run is under way."""
    return prepared.journal.start_run(purpose, lambda run: _steps(prepared.plan, run)).id


def _steps(plan: Plan, run: str) -> Iterator[Step]:
    """What could not be planned has failed before it begins."""
    for failed in plan.failed:
        yield Step(run, failed.hostname, 0, StepState.FAILED, failed.cause, "", failed.base, "")
    devices = {device.hostname: device for device in plan.devices}
    for number, wave in enumerate(plan.waves, start=1):
        for hostname in wave:
            planned = devices[hostname]
            yield Step(run, hostname, number, StepState.WAITING, "", planned.diff, planned.base, "")


@dataclass(frozen=True, slots=True)
class Deployment:
    """A prepared plan and all the devices that exist: a twin may be a slice of the city."""

    prepared: Prepared
    there: Collection[str]

    def carry_out(self, run: str, patience: Patience, budget: int, report: Report, stop: Flag) -> Concluded:
        """The run called `run`, to its end. Once `stop` is set, devices in flight end and no other starts.

        `budget` is how many devices may fail, those that could not be planned among them.
        """
        city, fleet, plan = self.prepared.city, self.prepared.fleet, self.prepared.plan
        stepper = Stepper(
            run=run,
            journal=self.prepared.journal,
            open_device=fleet.open,
            planned={device.hostname: device for device in plan.devices},
            masking=self.prepared.masking,
            patience=patience,
        )
        watch = Watch(
            fleet,
            watched(city.intents, self.there, plan.waves),
            plan.cuts,
            at_stake(city, plan, self.there),
        )
        left = budget - len(plan.failed)
        result = Rollout(plan, stepper, fleet, self.prepared.bases, watch, left, report, stop).go()
        self.prepared.journal.remember_synced(plan.context, self._in_sync(result))
        return self._concluded(result, watch.before)

    def _in_sync(self, result: Result) -> Iterator[Synced]:
        """What is confirmed is in sync from now on, where it reads as it was meant."""
        masking = self.prepared.masking
        for device in self.prepared.plan.changed:
            ended = result.ends.get(device.hostname)
            if ended is None or ended.state is not StepState.CONFIRMED:
                continue
            running = masking.fingerprint(ended.running)
            if running == masking.fingerprint(masking.resolve(device.candidate, ended.running)):
                text = render(self.prepared.city.intents[device.hostname])
                yield in_sync(device, masking.digest(text), running, text)

    def _concluded(self, result: Result, before: Mapping[Reachable, Answer]) -> Concluded:
        """Judge the end state, where the run came to its end, and write the run's last line."""
        lacks = () if result.interrupted else self._unmet(result, before)
        summary = result.summary
        if lacks:
            summary += f" · end state lacks {len(lacks)}, first {lacks[0]}"
        state = result.state
        if state is RunState.DONE and (lacks or self.prepared.plan.failed):
            state = RunState.FAILED
        self.prepared.journal.finish_run(result.run, state, summary)
        return Concluded(result, lacks, state)

    def _unmet(self, result: Result, before: Mapping[Reachable, Answer]) -> tuple[Outcome, ...]:
        """What it confirmed is judged; what it did not come to, or took back, owes nobody its intent."""
        seen = {
            host: ended.seen or _NOTHING
            for host, ended in result.ends.items()
            if ended.state is StepState.CONFIRMED
        }
        unchanged = {each.hostname for each in self.prepared.plan.devices if each.status is Status.UNCHANGED}
        answered = [question for question, answer in before.items() if answer.full]
        changed = Changed(seen, unchanged.union(seen), answered)
        city, fleet = self.prepared.city, self.prepared.fleet
        return tuple(unmet(city, fleet, changed, self.there, END_STATE_SECONDS))


_NOTHING = DeviceState((), ())
"""Of a device that was confirmed although nobody saw it tested: it is asked again."""
