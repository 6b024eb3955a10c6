"""One device in a run: apply under a dead-man timer, test over a new session, confirm or restore.

The journal is written before each effect, and the outcome once after it. A device ends confirmed,
restored, failed (nothing was done to it), or NOT RESTORED, which is loud.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

from infra_ctl.change.losses import named
from infra_ctl.change.plan import PlannedDevice
from infra_ctl.deploy.leases import Lease
from infra_ctl.deploy.machine import ENDS, Signal, after
from infra_ctl.drivers.base import ConfigDriver, DeviceState, Neighbour, Reading
from infra_ctl.errors import (
    DeviceError,
    NotRestoredError,
    RejectedError,
    SecretError,
    SessionLostError,
    UnreachableError,
)
from infra_ctl.journal.records import Before, StepState
from infra_ctl.journal.store import Journal
from infra_ctl.masking import Masking


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

    had: tuple[str, ...]
    """What was up before anything was done, in words."""
    first: DeviceState
    """What it looked like right after."""
    at: float
    """When that was, on the monotonic clock."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A device whose session was lost under way, or whose answer nobody can judge: to be settled."""

    cause: str
    tested: bool
    """Whether its change had passed its test: it is to be kept then."""
    missed: bool = False
    """Whether its change had failed its test."""
    seconds_left: int = 0
    """Of its timer, where that is known and may be longer than this run's."""
    error: DeviceError | None = field(default=None, compare=False)
    """What came of the last look at it, or of taking the change back."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a device ended."""

    state: StepState
    cause: str = ""
    running: str = field(default="", repr=False)
    """The running configuration that was read last, its secrets as they are; empty where none was."""
    seen: DeviceState | None = None
    """What it looked like when it passed its test."""
    interrupted: bool = False
    """Whether it ended so because the run was to stop, and nothing failed on it."""


@dataclass(frozen=True, slots=True)
class Stepper:
    """The steps of one run. `open_device` gives a new session each time it is called."""

    run: str
    lease: Lease
    """Its token names the run on the devices."""
    journal: Journal
    open_device: Callable[[str], ConfigDriver]
    planned: Mapping[str, PlannedDevice]
    masking: Masking
    patience: Patience = Patience()
    had: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What was up on devices when this run came to them first, where it is resumed."""

    @property
    def token(self) -> str:
        return self.lease.token

    def apply(self, hostname: str, base: str) -> Applied | Lost | Ended:
        """Arm and apply. `base` is the running configuration that the plan rests on."""
        plan, state = self.planned[hostname], StepState.WAITING
        try:
            with self.open_device(hostname) as device, self.lease.kept_if_well(device) as fence:
                candidate = self.masking.resolve(plan.candidate, base)
                had = tuple(dict.fromkeys((*self.had.get(hostname, ()), *up(device.state()))))
                state = self._begin(hostname, base, had, fence)
                seconds = self.patience.revert_in
                device.apply(candidate, base=base, revert_in=seconds, token=self.token, fence=fence)
                state = after(state, Signal.APPLIED)
                self.journal.record(self.run, hostname, state)
                return Applied(had, device.state() if plan.soak else _NOTHING, time.monotonic())
        except DeviceError as error:
            return self._not_applied(hostname, state, error)

    def _begin(self, hostname: str, base: str, had: tuple[str, ...], fence: int) -> StepState:
        """The journal comes first: what the device ran and had, then that it is going to change."""
        text = self.masking.mask(base)
        before = Before(text, self.masking.digest(text), had)
        state = after(StepState.WAITING, Signal.BEGIN)
        detail = f"lease {fence}, timer {self.patience.revert_in} s"
        self.journal.begin(self.run, hostname, state, detail, before)
        return state

    def _not_applied(self, hostname: str, state: StepState, error: DeviceError) -> Lost | Ended:
        if state is StepState.WAITING:
            return self.end(hostname, state, Signal.REFUSED, self._cause(error))
        if isinstance(error, SessionLostError | NotRestoredError) or state is StepState.APPLIED:
            return self._lost(hostname, state, error, tested=False)
        signal = Signal.REJECTED if isinstance(error, RejectedError) else Signal.REFUSED
        return self.end(hostname, state, signal, self._cause(error))

    def test_seconds(self, hostnames: Iterable[str]) -> float:
        """How long the test of these devices may take, their neighbours watched to the end of it."""
        soak = max((self.planned[host].soak for host in hostnames), default=0)
        return max(self.patience.neighbours, soak + 1)

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
        state = StepState.APPLIED
        try:
            with self._new_session(hostname, deadline) as device:
                seen, missed = self._test(device, hostname, applied, deadline, cut)
                if missed:
                    return self._restore(hostname, state, Signal.MISSED, f"test failed: {missed}", device)
                state = after(state, Signal.PASSED)
                self.journal.record(self.run, hostname, state)
                device.confirm(self.token)
                return self._confirmed(hostname, device, seen)
        except DeviceError as error:
            return self._lost(hostname, state, error, tested=state is StepState.CONFIRMING)

    @contextmanager
    def _new_session(self, hostname: str, deadline: float) -> Iterator[ConfigDriver]:
        """As soon as there is one: after a change to the way in, routing has to find another."""
        with ExitStack() as opened:
            while True:
                try:
                    device = opened.enter_context(self.open_device(hostname))
                except UnreachableError:
                    if time.monotonic() >= deadline:
                        raise
                    time.sleep(self.patience.pause)
                else:
                    break
            yield device

    def _test(
        self, device: ConfigDriver, hostname: str, applied: Applied, deadline: float, cut: tuple[str, ...]
    ) -> tuple[DeviceState, str]:
        """What the device looks like now, and what speaks against keeping its change; empty for nothing."""
        if not self.runs_as_meant(hostname, device, device.read()):
            return _NOTHING, "it does not run what was applied"
        plan = self.planned[hostname]
        while True:
            seen, late = device.state(), time.monotonic()
            lost = missing_after(applied.had, seen)
            if plan.soak and late >= applied.at + plan.soak:
                lost += unheard(applied.first, seen, late - applied.at)
            lost = tuple(dict.fromkeys((*(item for item in lost if item not in plan.may_lose), *cut)))
            if not lost or late >= deadline:
                return seen, f"lost what it had: {', '.join(lost)}" if lost else ""
            time.sleep(self.patience.pause)

    def runs_as_meant(self, hostname: str, device: ConfigDriver, running: str) -> bool:
        """Whether `running` is its candidate, which a secret that is gone from it is not.

        By fingerprint; a line that the device spells in its own way is for the device to judge.
        """
        try:
            candidate = self.masking.resolve(self.planned[hostname].candidate, running)
        except SecretError:
            return False
        if self.masking.fingerprint(running) == self.masking.fingerprint(candidate):
            return True
        return device.stage(candidate) == ""

    def _confirmed(self, hostname: str, device: ConfigDriver, seen: DeviceState | None) -> Ended:
        """What a confirmed device runs is read once more: nobody else may have been at it meanwhile."""
        running = device.read()
        self.lease.give_back(device)
        if not self.runs_as_meant(hostname, device, running):
            cause = "it was confirmed and runs something else: plan again"
            return self.end(hostname, StepState.CONFIRMING, Signal.OTHER, cause, running)
        return self.end(hostname, StepState.CONFIRMING, Signal.CONFIRMED, "", running, seen)

    def _restore(
        self, hostname: str, state: StepState, signal: Signal, cause: str, device: ConfigDriver
    ) -> Lost | Ended:
        """Take back, and see for ourselves that the old configuration is there."""
        state = after(state, signal)
        self.journal.record(self.run, hostname, state, cause)
        try:
            device.restore(self.token)
            running = device.read()
            self.lease.give_back(device)
        except DeviceError as error:
            self.journal.record(
                self.run, hostname, after(state, Signal.LOST), f"{cause}; {self._cause(error)}"
            )
            return Lost(cause, tested=False, missed=signal is Signal.MISSED, error=error)
        if self.masking.fingerprint(running) != self.planned[hostname].base:
            cause += "; taken back, and it does not run what it ran before"
            return self.end(hostname, state, Signal.NOT_RESTORED, cause, running)
        return self.end(hostname, state, Signal.RESTORED, cause, running)

    def _lost(self, hostname: str, state: StepState, error: DeviceError, *, tested: bool) -> Lost:
        cause = f"{'test failed: ' if state is StepState.APPLIED else ''}{self._cause(error)}"
        self.journal.record(self.run, hostname, after(state, Signal.LOST), cause)
        return Lost(cause, tested)

    def settle(self, hostname: str, lost: Lost) -> Ended:
        """Find out over a new session what a lost device did, until its timer has run out.

        Also where it could not take the change back: a daemon may be down, and its timer goes on trying.
        """
        timer = max(self.patience.revert_in, lost.seconds_left)
        deadline = time.monotonic() + timer + self.patience.grace
        last: DeviceError = UnreachableError(hostname, "not asked again")
        while time.monotonic() < deadline:
            try:
                with self.open_device(hostname) as device:
                    ended = self._read_end(hostname, lost, device)
                if isinstance(ended, Ended):
                    return ended
                last = ended.error or last
            except DeviceError as error:  # whatever it is, until the timer has run out there is another look
                last = error
            time.sleep(self.patience.pause)
        cause = f"{lost.cause}; after its timer of {timer} s still: {self._cause(last)}: look at it"
        signal = Signal.NOT_RESTORED if isinstance(last, NotRestoredError) else Signal.SILENT
        return self.end(hostname, StepState.SETTLING, signal, cause)

    def _read_end(self, hostname: str, lost: Lost, device: ConfigDriver) -> Lost | Ended:
        """What the device says of itself is the truth. A change that passed its test is still confirmed."""
        state = StepState.SETTLING
        reading = device.reading()
        ours = reading.pending is not None and reading.pending.token == self.token
        if ours and not lost.tested:
            return self._restore(hostname, state, Signal.PENDING, lost.cause, device)
        if ours:
            self.journal.record(self.run, hostname, after(state, Signal.PENDING_TESTED))
            device.confirm(self.token)
            return self._confirmed(hostname, device, None)
        running = reading.running
        if self.masking.fingerprint(running) == self.planned[hostname].base:
            cause = "; ".join(filter(None, (lost.cause, self.taken_back(reading))))
            return self.end(hostname, state, Signal.OLD, cause, running)
        if lost.tested and self.runs_as_meant(hostname, device, running):
            return self.end(hostname, state, Signal.NEW, "", running)
        other = DeviceError(hostname, "it runs neither its old nor its new configuration")
        return replace(lost, error=other)  # it may be starting, and not have read all of it yet

    def unforeseen(self, hostname: str, error: DeviceError) -> Lost | Ended:
        """Nobody knows what happened over a device: the journal says how far it had come, itself the rest.

        A defect's words may quote a configuration: they are masked like a device's.
        """
        cause = self._cause(error)
        (state,) = (step.state for step in self.journal.steps(self.run) if step.device == hostname)
        if state is StepState.WAITING:
            return self.end(hostname, state, Signal.REFUSED, cause)
        if state in ENDS:
            return Ended(state, cause)
        self.journal.record(self.run, hostname, after(state, Signal.RESUMED), cause)
        return Lost(cause, tested=state is StepState.CONFIRMING)

    def give_up(self, hostname: str, lost: Lost) -> Ended:
        """Not even settling it came to an end."""
        return self.end(hostname, StepState.SETTLING, Signal.SILENT, lost.cause)

    def taken_back(self, reading: Reading) -> str:
        """How a device took our change back by itself, in words; empty where it did not."""
        ours = reading.taken_back is not None and reading.taken_back.token == self.token
        return ITSELF[reading.taken_back.by] if ours and reading.taken_back else ""

    def end(
        self,
        hostname: str,
        state: StepState,
        signal: Signal,
        cause: str,
        running: str = "",
        seen: DeviceState | None = None,
    ) -> Ended:
        """Write how a device ends that is in `state` and met `signal`."""
        ended = Ended(after(state, signal), cause, running, seen)
        result = self.masking.fingerprint(running) if running else ""
        kept = self.masking.mask(running) if ended.state is StepState.CONFIRMED else ""
        self.journal.record(self.run, hostname, ended.state, cause=cause, result=result, after=kept)
        return ended


_NOTHING = DeviceState((), ())


def missing_after(had: Iterable[str], now: DeviceState) -> tuple[str, ...]:
    """What was up before and is not now."""
    there = set(up(now))
    return tuple(item for item in had if item not in there)


def up(state: DeviceState) -> tuple[str, ...]:
    """Interfaces and neighbours that are up, named as predictions name them."""
    return (
        *(f"interface {interface.name}" for interface in state.interfaces if interface.up),
        *(_named(neighbour) for neighbour in state.neighbours if neighbour.up),
    )


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


ITSELF = {
    "timer": "its own timer took the change back",
    "restart": "it restarted, and with that took the change back",
}
"""What a device did that nobody told it to."""

HELLO = 10.0
"""Seconds between two hellos of OSPF (RFC 2328, C.3)."""


def _named(neighbour: Neighbour) -> str:
    return named(neighbour.protocol, neighbour.interface, neighbour.foreseeable_key)
