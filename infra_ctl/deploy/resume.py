"""What became of the devices of a run that was left: each is read first, then the journal is asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from infra_ctl.change.plan import Plan
from infra_ctl.deploy.machine import ENDS, Signal, after
from infra_ctl.deploy.step import Applied, Ended, Lost, Stepper
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
    taken_back: str = ""
    """How it took the change back by itself, in words, where it did."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """Where a run stands: the ends of devices that need nothing more, and the bases of those that do."""

    ends: Mapping[str, Ended]
    bases: Mapping[str, str]
    taken_back: Mapping[str, str] = field(default_factory=dict)
    """Devices that took the change back by themselves while nobody was there, and how, in words."""
    hosts: frozenset[str] = frozenset()
    """Those that need more."""

    def left(self, plan: Plan) -> Plan:
        """The plan without what is done or cannot be done any more; its waves keep their numbers."""
        to_do = self.bases.keys() | self.hosts
        update = {
            "devices": tuple(each for each in plan.devices if each.name not in self.ends),
            "hosts": tuple(each for each in plan.hosts if each.name not in self.ends),
            "waves": tuple(tuple(name for name in wave if name in to_do) for wave in plan.waves),
        }
        return plan.model_copy(update=update)


@dataclass(frozen=True, slots=True)
class Resumer:
    """One run to go on with. `steps` are the journal's, by hostname."""

    stepper: Stepper
    fleet: Fleet
    steps: Mapping[str, Step]
    cut: Callable[[str, float], tuple[str, ...]]
    """Paths that a device's change has cut and was not to cut; they have until a deadline to return."""

    def look(self, plan: Plan) -> Resumed:
        """Read every device of the run, end what is under way on it, and say what is left."""
        found = self.fleet.each([each.hostname for each in plan.changed], self._look)
        ends: dict[str, Ended] = {}
        bases: dict[str, str] = {}
        taken_back: dict[str, str] = {}
        for host, said in found.items():
            if isinstance(said, Again):
                bases[host] = said.base
                taken_back |= {host: said.taken_back} if said.taken_back else {}
            elif isinstance(said, DeviceError):
                ends[host] = self._unread(host, said)
            else:
                ends[host] = said
        return Resumed(ends, bases, taken_back)

    def _look(self, host: str) -> Again | Ended:
        with self.stepper.open_device(host) as device:
            step = self._by_reading(host, device)
        if isinstance(step, Applied):
            step = self._tested(host, step)
        if not isinstance(step, Lost):
            return step
        ended = self.stepper.settle(host, step)
        if ended.state is not StepState.RESTORED or step.missed:
            return ended
        state = after(ended.state, Signal.RESUMED)  # it was never tested: its turn comes again
        self.stepper.journal.record(self.stepper.run, host, after(state, Signal.AGAIN))
        return Again(ended.running)

    def _tested(self, host: str, applied: Applied) -> Lost | Ended:
        """An armed device gets the test that it would have had."""
        deadline = applied.at + self.stepper.test_seconds([host])
        time.sleep(max(0.0, self.stepper.soaked(host, applied) - time.monotonic()))
        return self.stepper.finish(host, applied, self.cut(host, deadline), deadline)

    def _by_reading(self, host: str, device: ConfigDriver) -> Again | Applied | Lost | Ended:
        """What the device says is the truth; what the journal adds is whether a change passed its test."""
        reading = device.reading()
        stepper, journalled = self.stepper, self.steps[host].state
        pending = reading.pending
        if pending is not None and pending.token != stepper.token:
            raise BusyError(host, f"commit {pending.token} is pending")
        meant = stepper.runs_as_meant(host, device, reading.running)
        if journalled is StepState.CONFIRMED and pending is None:
            if meant:
                return Ended(StepState.CONFIRMED, running=reading.running)
            return Ended(StepState.UNKNOWN, "changed since it was confirmed: plan again")
        stepper.journal.record(stepper.run, host, after(journalled, Signal.RESUMED), "resumed")
        if pending is not None:
            return self._pending(host, device, journalled, pending.seconds_left, meant=meant)
        return self._settled(host, reading, journalled, meant=meant)

    def _pending(
        self, host: str, device: ConfigDriver, journalled: StepState, seconds_left: int, *, meant: bool
    ) -> Applied | Lost:
        """A change that is applied whole is tested, if there is time for it; any other is taken back."""
        stepper = self.stepper
        if journalled is StepState.CONFIRMING:
            return Lost("the run was left while it confirmed", tested=True, seconds_left=seconds_left)
        needed = max(stepper.patience.neighbours, stepper.planned[host].soak) + SPARE
        if not meant or seconds_left < needed:
            cause = "the run was left before it was tested"
            return Lost(cause, tested=False, seconds_left=seconds_left)
        state = device.state()
        stepper.journal.record(stepper.run, host, after(StepState.SETTLING, Signal.ARMED), "found armed")
        return Applied(tuple(self.steps[host].had.splitlines()), state, time.monotonic())

    def _settled(self, host: str, reading: Reading, journalled: StepState, *, meant: bool) -> Again | Ended:
        stepper, running = self.stepper, reading.running
        if meant:
            return stepper.end(host, StepState.SETTLING, Signal.NEW, "", running)
        if stepper.masking.fingerprint(running) == stepper.planned[host].base:
            itself = "" if journalled is StepState.WAITING else stepper.taken_back(reading)
            stepper.journal.record(stepper.run, host, after(StepState.SETTLING, Signal.AGAIN), itself)
            return Again(running, itself)
        cause = "it runs neither its old nor its new configuration: plan again"
        untouched = journalled in (StepState.WAITING, StepState.FAILED, StepState.RESTORED)
        signal = Signal.REFUSED if untouched else Signal.OTHER
        if journalled is StepState.NOT_RESTORED:
            signal = Signal.NOT_RESTORED
        return stepper.end(host, StepState.SETTLING, signal, cause, running)

    def _unread(self, host: str, error: DeviceError) -> Ended:
        """It could not be read, or is another's now: what the journal knows of it stays."""
        cause = self.stepper.masking.mask(error.cause)
        state = self.steps[host].state
        if state is StepState.WAITING:
            return self.stepper.end(host, state, Signal.REFUSED, cause)
        if state in ENDS:
            return Ended(state, cause)
        return self.stepper.end(host, after(state, Signal.RESUMED), Signal.SILENT, cause)
