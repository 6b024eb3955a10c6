"""What became of the devices of a run that was left: each is read first, then the journal is asked."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from infra_ctl.change.plan import Plan
from infra_ctl.deploy.machine import Signal, after
from infra_ctl.deploy.step import Applied, Ended, Lost, Stepper, up
from infra_ctl.drivers.base import ConfigDriver, Reading
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.errors import BusyError, DeviceError
from infra_ctl.journal.records import Step, StepState

SPARE = 15
"""Seconds that a dead-man timer must still have, beside those for the test, to be worth testing under."""


@dataclass(frozen=True, slots=True)
class Again:
    """A device that runs what it ran before: its change is still to be made."""

    base: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """Where a run stands: the ends of devices that need nothing more, and the bases of those that do."""

    ends: Mapping[str, Ended]
    bases: Mapping[str, str]

    def left(self, plan: Plan) -> Plan:
        """The plan without what is done or cannot be done any more."""
        waves = [tuple(host for host in wave if host in self.bases) for wave in plan.waves]
        cuts = tuple(cut for cut, wave in zip(plan.cuts, waves, strict=True) if wave)
        kept = tuple(each for each in plan.devices if each.hostname not in self.ends)
        return plan.model_copy(update={"devices": kept, "waves": tuple(filter(None, waves)), "cuts": cuts})


@dataclass(frozen=True, slots=True)
class Resumer:
    """One run to go on with. `steps` are the journal's, by hostname."""

    stepper: Stepper
    fleet: Fleet
    steps: Mapping[str, Step]

    def look(self, plan: Plan) -> Resumed:
        """Read every device of the run, end what is under way on it, and say what is left."""
        found = self.fleet.each([each.hostname for each in plan.changed], self._look)
        ends: dict[str, Ended] = {}
        bases: dict[str, str] = {}
        for host, said in found.items():
            if isinstance(said, Again):
                bases[host] = said.base
            elif isinstance(said, DeviceError):
                ends[host] = self._failed(host, said)
            else:
                ends[host] = said
        return Resumed(ends, bases)

    def _look(self, host: str) -> Again | Ended:
        with self.stepper.open_device(host) as device:
            step = self._by_reading(host, device)
        if isinstance(step, Applied):
            deadline = step.at + self.stepper.planned[host].soak + self.stepper.patience.neighbours
            time.sleep(max(0.0, self.stepper.soaked(host, step) - time.monotonic()))
            step = self.stepper.finish(host, step, (), deadline)
        if isinstance(step, Lost):
            step = self.stepper.settle(host, step)
        if isinstance(step, Ended) and step.state is StepState.RESTORED:  # by us, just now
            state = after(step.state, Signal.RESUMED)
            self.stepper.journal.record(self.stepper.run, host, after(state, Signal.AGAIN))
            return Again(step.running)
        return step

    def _by_reading(self, host: str, device: ConfigDriver) -> Again | Applied | Lost | Ended:
        """What the device says is the truth; what the journal adds is whether a change passed its test."""
        reading = device.reading()
        stepper, journalled = self.stepper, self.steps[host].state
        pending = reading.pending
        if pending is not None and pending.token != stepper.token:
            raise BusyError(host, f"commit {pending.token} is pending")
        meant = stepper.runs_as_meant(host, device, reading.running)
        if journalled is StepState.CONFIRMED and pending is None:
            return Ended(StepState.CONFIRMED, running=reading.running if meant else "")
        stepper.journal.record(stepper.run, host, after(journalled, Signal.RESUMED), "resumed")
        if pending is not None:
            return self._pending(host, device, journalled, pending.seconds_left, meant=meant)
        return self._settled(host, reading, meant=meant)

    def _pending(
        self, host: str, device: ConfigDriver, journalled: StepState, seconds_left: int, *, meant: bool
    ) -> Applied | Lost:
        """A change that is applied whole is tested, if there is time for it; any other is taken back."""
        stepper = self.stepper
        if journalled is StepState.CONFIRMING:
            return Lost("the run was left while it confirmed", tested=True)
        needed = stepper.planned[host].soak + stepper.patience.neighbours + SPARE
        if not meant or seconds_left < needed:
            return Lost("the run was left before it was tested", tested=False)
        state = device.state()
        stepper.journal.record(stepper.run, host, after(StepState.SETTLING, Signal.ARMED), "found armed")
        had = tuple(self.steps[host].had.splitlines()) or up(state)
        return Applied(had, state, time.monotonic())

    def _settled(self, host: str, reading: Reading, *, meant: bool) -> Again | Ended:
        stepper = self.stepper
        if meant:
            return stepper.end(host, StepState.SETTLING, Signal.NEW, "", reading.running)
        if stepper.masking.fingerprint(reading.running) != stepper.planned[host].base:
            cause = "changed since the plan was made: plan again"
            return stepper.end(host, StepState.SETTLING, Signal.REFUSED, cause, reading.running)
        stepper.journal.record(stepper.run, host, after(StepState.SETTLING, Signal.AGAIN))
        return Again(reading.running)

    def _failed(self, host: str, error: DeviceError) -> Ended:
        """It could not be read, or is not ours to touch."""
        cause = self.stepper.masking.mask(error.cause)
        self.stepper.journal.record(self.stepper.run, host, StepState.FAILED, cause=cause)
        return Ended(StepState.FAILED, cause)
