"""A deployment from its first journal line to its last: roll out, remember what is in sync, judge the end."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from threading import Event as Flag

from infra_ctl.change.plan import Plan, Status
from infra_ctl.change.watched import watched
from infra_ctl.deploy.resume import Resumed, Resumer
from infra_ctl.deploy.rollout import Report, Result, Rollout, failed
from infra_ctl.deploy.step import Patience, Stepper
from infra_ctl.deploy.watch import Watch
from infra_ctl.drivers.base import DeviceState
from infra_ctl.evidence import Answer
from infra_ctl.intent.expectations import Reachable
from infra_ctl.journal.records import Purpose, Run, RunState, Step, StepState, Synced
from infra_ctl.outcome import Outcome
from infra_ctl.plan import Prepared, in_sync
from infra_ctl.render import render
from infra_ctl.verify import Changed, at_stake, unmet

DEPLOY = "deploy"
"""The kind of a run that brings devices to their intent."""

END_STATE_SECONDS = 120.0
"""For the last adjacencies of a run to come up: OSPF's dead interval twice, and BGP's retries."""


@dataclass(frozen=True, slots=True)
class Concluded:
    """How a whole run ended."""

    result: Result
    unmet: tuple[Outcome, ...]
    """What the devices that it changed should be by now and are not."""
    state: RunState


def begin(prepared: Prepared, purpose: Purpose) -> Run:
    """Write a run, its steps and its plan. Raises RefusedError while another run is under way."""
    plan = prepared.plan
    return prepared.journal.start_run(purpose, lambda run: _steps(plan, run), plan.model_dump_json())


def _steps(plan: Plan, run: str) -> Iterator[Step]:
    """What could not be planned has failed before it begins."""
    for each in plan.failed:
        yield Step(run, each.hostname, 0, StepState.FAILED, each.cause, "", each.base, "")
    devices = {device.hostname: device for device in plan.devices}
    for number, wave in enumerate(plan.waves, start=1):
        for hostname in wave:
            planned = devices[hostname]
            yield Step(run, hostname, number, StepState.WAITING, "", planned.diff, planned.base, "")


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a run is to be carried out."""

    patience: Patience
    budget: int
    """How many devices may fail, those that could not be planned among them."""
    report: Report
    stop: Flag
    """Once it is set, devices in flight end and no other starts."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A prepared plan and all the devices that exist: a twin may be a slice of the city."""

    prepared: Prepared
    there: Collection[str]

    def carry_out(self, run: Run, conduct: Conduct) -> Concluded:
        """A run, from its first wave to its end."""
        return self._roll_out(run, conduct, Resumed({}, self.prepared.bases))

    def resume(self, run: Run, conduct: Conduct) -> Concluded:
        """A run that was left: its devices are read first, then what is left of its plan is carried out."""
        journal = self.prepared.journal
        steps = {step.device: step for step in journal.steps(run.id)}
        stepper = self._stepper(run, conduct)
        return self._roll_out(
            run, conduct, Resumer(stepper, self.prepared.fleet, steps).look(self.prepared.plan)
        )

    def _stepper(self, run: Run, conduct: Conduct) -> Stepper:
        return Stepper(
            run=run.id,
            token=run.token,
            journal=self.prepared.journal,
            open_device=self.prepared.fleet.open,
            planned={device.hostname: device for device in self.prepared.plan.devices},
            masking=self.prepared.masking,
            patience=conduct.patience,
        )

    def _roll_out(self, run: Run, conduct: Conduct, so_far: Resumed) -> Concluded:
        city, fleet, journal = self.prepared.city, self.prepared.fleet, self.prepared.journal
        plan = so_far.left(self.prepared.plan)
        watch = Watch(
            fleet,
            watched(city.intents, self.there, plan.waves),
            plan.cuts,
            at_stake(city, plan, self.there),
        )
        rollout = Rollout(
            plan,
            self._stepper(run, conduct),
            fleet,
            so_far.bases,
            watch,
            conduct.budget - len(plan.failed) - len(failed(so_far.ends)),
            conduct.report,
            conduct.stop,
            lambda: journal.last_order(run.id),
        )
        done = rollout.go()
        result = replace(done, ends={**so_far.ends, **done.ends})
        if run.kind == DEPLOY:
            journal.remember_synced(plan.context, self._in_sync(result))
        return self._concluded(run, result, watch.before)

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

    def _concluded(self, run: Run, result: Result, before: Mapping[Reachable, Answer]) -> Concluded:
        """Judge the end state, where the run came to its end, and write the run's last line.

        A rollback leads to what was there before: no intent says what that is.
        """
        lacks = () if result.interrupted or run.kind != DEPLOY else self._unmet(result, before)
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
