"""One device in a run: apply under a dead-man timer, test over a new session, confirm or restore.

The journal is written before each effect, and the outcome once after it. A device ends confirmed,
restored, failed (nothing was done to it), or NOT RESTORED, which is loud.
"""

from __future__ import annotations

import secrets as randomness
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from infra_ctl.change.losses import named
from infra_ctl.change.plan import PlannedDevice
from infra_ctl.drivers.base import ConfigDriver, DeviceState, Neighbour
from infra_ctl.errors import (
    DeviceError,
    NotRestoredError,
    RejectedError,
    SessionLostError,
)
from infra_ctl.journal.records import StepState
from infra_ctl.journal.store import Journal
from infra_ctl.plan import Masking


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds."""

    revert_in: int = 120
    """The dead-man timer of every device."""
    neighbours: float = 30.0
    """For adjacencies that the change may have reset to come back."""
    pause: float = 1.0
    """Between two looks."""
    grace: float = 30.0
    """For a device that was lost to answer again, once its timer has run out."""


def patience(timer: int) -> Patience:
    """With a timer of so many seconds: half of it at the most goes to waiting."""
    return Patience(revert_in=timer, neighbours=min(30.0, timer / 2))


@dataclass(frozen=True, slots=True)
class Applied:
    """A device with an armed, unconfirmed configuration, and what it had before."""

    before: DeviceState
    first: DeviceState
    """What it looked like right after; as before it, where nothing can break slowly."""
    at: float
    """When that was, on the monotonic clock."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A device whose session was lost under way, or whose answer nobody can judge: to be settled."""

    cause: str
    tested: bool
    """Whether its change had passed its test: it is to be kept then."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a device ended."""

    state: StepState
    cause: str = ""
    running: str = field(default="", repr=False)
    """The running configuration that was read last, its secrets as they are; empty where none was."""
    seen: DeviceState | None = None
    """What it looked like when it passed its test."""


@dataclass(frozen=True, slots=True)
class Stepper:
    """The steps of one run. `open_device` gives a new session each time it is called."""

    run: str
    journal: Journal
    open_device: Callable[[str], ConfigDriver]
    planned: Mapping[str, PlannedDevice]
    masking: Masking
    patience: Patience = Patience()
    nonce: str = field(default_factory=lambda: randomness.token_hex(4))

    @property
    def token(self) -> str:
        """Names the run on the devices: two journals count alike, and the other one's run is none of ours."""
        return f"{self.run}-{self.nonce}"

    def apply(self, hostname: str, base: str) -> Applied | Lost | Ended:
        """Arm and apply. `base` is the running configuration that the plan rests on."""
        plan = self.planned[hostname]
        self.journal.record(self.run, hostname, StepState.APPLYING, f"timer {self.patience.revert_in} s")
        try:
            with self.open_device(hostname) as device:
                before = device.state()
                candidate = self.masking.resolve(plan.candidate, base)
                device.apply(candidate, base=base, revert_in=self.patience.revert_in, token=self.token)
                first = device.state() if plan.soak else before
        except SessionLostError as error:
            return self._lost(hostname, self._cause(error), tested=False)
        except NotRestoredError as error:
            return self._end(hostname, Ended(StepState.NOT_RESTORED, self._cause(error)))
        except RejectedError as error:
            return self._end(hostname, Ended(StepState.RESTORED, self._cause(error)))
        except DeviceError as error:
            return self._end(hostname, Ended(StepState.FAILED, self._cause(error)))
        self.journal.record(self.run, hostname, StepState.APPLIED)
        return Applied(before, first, time.monotonic())

    def soaked(self, hostname: str, applied: Applied) -> float:
        """From when on (monotonic clock) a neighbour that it does not hear any more shows."""
        plan = self.planned[hostname]
        at_stake = (each for each in heard(applied.first) if each not in plan.may_lose)
        return applied.at + plan.soak if plan.soak and any(at_stake) else applied.at

    def _cause(self, error: DeviceError) -> str:
        """What a device says may quote a line with a secret."""
        return self.masking.mask(error.cause)

    def finish(self, hostname: str, applied: Applied, cut: tuple[str, ...], deadline: float) -> Lost | Ended:
        """Test over a new session, then confirm; a test that fails takes the change back.

        `cut` are paths that its wave is known to have cut. What the device misses has until `deadline`
        (monotonic clock) to return.
        """
        cause, tested = "", False
        try:
            with self.open_device(hostname) as device:
                seen, lost = self._test(device, hostname, applied, deadline, cut)
                if lost:
                    cause = f"test failed: lost what it had: {', '.join(lost)}"
                    return self._restore(hostname, cause, device)
                tested = True
                self.journal.record(self.run, hostname, StepState.CONFIRMING)
                device.confirm(self.token)
                running = device.read()
        except NotRestoredError as error:
            return self._end(hostname, Ended(StepState.NOT_RESTORED, self._cause(error)))
        except DeviceError as error:
            cause = cause or f"{'' if tested else 'test failed: '}{self._cause(error)}"
            return self._lost(hostname, cause, tested=tested)
        return self._end(hostname, Ended(StepState.CONFIRMED, running=running, seen=seen))

    def _test(
        self, device: ConfigDriver, hostname: str, applied: Applied, deadline: float, cut: tuple[str, ...]
    ) -> tuple[DeviceState, tuple[str, ...]]:
        """What the device looks like now, and what it had before and has no more, given time to return."""
        plan = self.planned[hostname]
        while True:
            seen, late = device.state(), time.monotonic()
            lost = missing_after(applied.before, seen)
            if plan.soak and late >= applied.at + plan.soak:
                lost += unheard(applied.first, seen, late - applied.at)
            lost = tuple(dict.fromkeys((*(item for item in lost if item not in plan.may_lose), *cut)))
            if not lost or late >= deadline:
                return seen, lost
            time.sleep(self.patience.pause)

    def _restore(self, hostname: str, cause: str, device: ConfigDriver) -> Ended:
        self.journal.record(self.run, hostname, StepState.RESTORING, cause)
        try:
            device.restore(self.token)
        except NotRestoredError as error:
            return self._end(hostname, Ended(StepState.NOT_RESTORED, f"{cause}; {self._cause(error)}"))
        return self._end(hostname, Ended(StepState.RESTORED, cause))

    def _lost(self, hostname: str, cause: str, *, tested: bool) -> Lost:
        self.journal.record(self.run, hostname, StepState.SETTLING, cause)
        return Lost(cause, tested)

    def settle(self, hostname: str, lost: Lost) -> Ended:
        """Find out over a new session what a lost device did, until its timer has run out."""
        deadline = time.monotonic() + self.patience.revert_in + self.patience.grace
        last = "not asked again"
        while time.monotonic() < deadline:
            try:
                with self.open_device(hostname) as device:
                    return self._read_end(hostname, lost, device)
            except NotRestoredError as error:
                cause = f"{lost.cause}; {self._cause(error)}"
                return self._end(hostname, Ended(StepState.NOT_RESTORED, cause))
            except (
                DeviceError
            ) as error:  # whatever the reason, until the timer has run out there is another look
                last = self._cause(error)
                time.sleep(self.patience.pause)
        cause = f"{lost.cause}; after its timer of {self.patience.revert_in} s still: {last}: look at it"
        return self._end(hostname, Ended(StepState.UNKNOWN, cause))

    def _read_end(self, hostname: str, lost: Lost, device: ConfigDriver) -> Ended:
        """What the device says of itself is the truth. A change that passed its test is still confirmed."""
        pending = device.pending()
        ours = pending is not None and pending.token == self.token
        if ours and not lost.tested:
            return self._restore(hostname, lost.cause, device)
        if ours:
            self.journal.record(self.run, hostname, StepState.CONFIRMING)
            device.confirm(self.token)
        running = device.read()
        plan, fingerprint = self.planned[hostname], self.masking.fingerprint
        if fingerprint(running) == plan.base:
            return self._end(hostname, Ended(StepState.RESTORED, lost.cause, running))
        intended = fingerprint(self.masking.resolve(plan.candidate, running))
        if lost.tested and fingerprint(running) == intended:
            return self._end(hostname, Ended(StepState.CONFIRMED, running=running))
        cause = f"{lost.cause}; it runs neither its old nor its new configuration: plan again"
        return self._end(hostname, Ended(StepState.UNKNOWN, cause, running))

    def _end(self, hostname: str, ended: Ended) -> Ended:
        result = self.masking.fingerprint(ended.running) if ended.running else ""
        self.journal.record(self.run, hostname, ended.state, cause=ended.cause, result=result)
        return ended


def missing_after(before: DeviceState, after: DeviceState) -> tuple[str, ...]:
    """What was up before and is not now: interfaces and neighbours, named as predictions name them."""
    now = set(_up(after))
    return tuple(item for item in _up(before) if item not in now)


def heard(state: DeviceState) -> dict[str, float]:
    """Neighbours that are up and have to be heard again, named as above: seconds until they are given up."""
    return {
        _named(each): each.expires_in for each in state.neighbours if each.up and each.expires_in is not None
    }


def unheard(first: DeviceState, now: DeviceState, elapsed: float) -> tuple[str, ...]:
    """Neighbours whose timers only ran down in the seconds since `first`: soon they will be given up.

    Each that was heard starts again from the top, a hello interval (10 s) or more above that.
    """
    left = heard(now)
    return tuple(
        name
        for name, seconds in heard(first).items()
        if name in left and left[name] < seconds - elapsed + HELLO / 2
    )


HELLO = 10.0
"""Seconds between two hellos of OSPF (RFC 2328, C.3)."""


def _up(state: DeviceState) -> Iterator[str]:
    for interface in state.interfaces:
        if interface.up:
            yield f"interface {interface.name}"
    for neighbour in state.neighbours:
        if neighbour.up:
            yield _named(neighbour)


def _named(neighbour: Neighbour) -> str:
    return named(neighbour.protocol, neighbour.interface, neighbour.foreseeable_key)
