"""A plan, carried out wave by wave: applied, tested in the state that this makes, confirmed or taken back."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event as Flag
from threading import Thread
from typing import TypeAlias

from infra_ctl.change.plan import Plan
from infra_ctl.deploy.hosts import HostStepper
from infra_ctl.deploy.step import Applied, Ended, Lost, Stepper
from infra_ctl.deploy.watch import Watch, blame
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.errors import DeviceError, InfraCtlError, RefusedError
from infra_ctl.intent.expectations import Reachable
from infra_ctl.journal.records import WELL, Order, RunState, StepState

Step: TypeAlias = Applied | Lost | Ended

Report = Callable[[int, str, StepState, str], None]
"""Told of each device's and host's progress: wave (from 1), its name, where it stands, cause.

Of a host also of each operation that was done: it is `applying` then, and the cause says what was done.
"""


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended: the end of every device that was started, in the order of the plan."""

    run: str
    ends: Mapping[str, Ended]
    not_started: tuple[str, ...]
    interrupted: bool
    """Whether it was stopped before all of it had begun, or while a host was under way."""
    aborted: bool = False
    """Whether that was by an order or for a `cause`, and not at its own terminal."""
    cause: str = ""
    """What took the right to go on from it."""

    def count(self, *states: StepState) -> int:
        return sum(1 for ended in self.ends.values() if ended.state in states)

    @property
    def failed(self) -> tuple[str, ...]:
        return failed(self.ends)

    @property
    def halted(self) -> tuple[str, ...]:
        """Hosts on which an operation failed: not those that were told to stop."""
        stopped = (name for name, ended in self.ends.items() if ended.state is StepState.STOPPED)
        return tuple(name for name in stopped if not self.ends[name].interrupted)

    @property
    def state(self) -> RunState:
        if self.interrupted:
            return RunState.STOPPED
        return RunState.FAILED if self.failed else RunState.DONE

    @property
    def summary(self) -> str:
        """`12 confirmed · 1 restored · 70 not started`: only what there is."""
        counts = [(self.count(state), str(state)) for state in _ENDS]
        counts.append((len(self.not_started), "not started"))
        return " · ".join(f"{count} {name}" for count, name in counts if count) or "nothing to do"


_ENDS = (
    StepState.CONFIRMED,
    StepState.DONE,
    StepState.RESTORED,
    StepState.STOPPED,
    StepState.FAILED,
    StepState.NOT_RESTORED,
    StepState.UNKNOWN,
)


@dataclass(slots=True)
class Rollout:
    """One run over a plan's waves. `stop` may be set at any time: devices in flight end, no other starts."""

    plan: Plan
    stepper: Stepper
    fleet: Fleet
    bases: Mapping[str, str]
    """The running configuration of each device to change, as this process read it."""
    watch: Watch
    budget: int = 0
    """How many devices may fail before the next wave is not started."""
    report: Report = lambda _wave, _hostname, _state, _cause: None
    stop: Flag = field(default_factory=Flag)
    order: Callable[[], Order | None] = lambda: None
    """What the run was last told from another terminal."""
    heard: Callable[[Order], None] = lambda _order: None
    """Told once of an order that is followed."""
    renew: Callable[[Collection[str]], None] = lambda _ended: None
    """Keep the right to go on, told who has ended since. Raises RefusedError where somebody else has it."""
    hosts: HostStepper | None = None

    def go(self) -> Result:
        """Carry the plan out; a stop that comes when all has started interrupts no device."""
        ends: dict[str, Ended] = {}
        goes_on, cause = True, ""
        last: tuple[str, ...] = ()
        for number, wave in enumerate(self.plan.waves, start=1):
            if not wave:  # a run that is resumed has done it
                continue
            if len(failed(ends)) > self.budget:
                break
            try:
                goes_on = self._goes_on(last)
            except RefusedError as error:  # what has ended by now is still to be told
                goes_on, cause = False, f"{error}"
            if not goes_on:
                break
            if self.hosts is not None and wave[0] in self.hosts.planned:
                ends |= self._converged(number, wave, self.hosts)
            else:
                ends |= self._wave(number, wave)
            last = wave
        waiting = tuple(host for wave in self.plan.waves for host in wave if host not in ends)
        cut_short = any(ended.interrupted for ended in ends.values())
        stopped = cut_short or (bool(waiting) and (self.stop.is_set() or not goes_on))
        aborted = stopped and not self.stop.is_set()
        return Result(self.stepper.run, ends, waiting, stopped, aborted, cause)

    def _goes_on(self, last: Collection[str]) -> bool:
        """Between the `last` wave and the next: whether that is to begin; a run that is paused waits here.

        Raises RefusedError where somebody else has the city by now.
        """
        self.renew(last)
        order = self.order()
        if order is Order.PAUSE:
            self.heard(order)
        while order is Order.PAUSE and not self.stop.is_set():
            time.sleep(self.stepper.patience.pause)
            self.renew(())
            order = self.order()
        if order is Order.ABORT:
            self.heard(order)
        return not self.stop.is_set() and order is not Order.ABORT

    def _wave(self, number: int, wave: tuple[str, ...]) -> dict[str, Ended]:
        """All of a wave is applied before any of it is tested: tests see the state that the wave makes.

        Lost devices are settled last: the timers of the others do not wait.
        """
        applied = self._each(number, wave, lambda host: self._apply(number, host))
        armed = {host: step for host, step in applied.items() if isinstance(step, Applied)}
        deadline = time.monotonic() + self.stepper.test_seconds(armed)
        blamed = blame(self._cut(number, armed, deadline), armed)
        finished = self._each(
            number, armed, lambda host: self.stepper.finish(host, armed[host], blamed.get(host, ()), deadline)
        )
        lost = {host: step for host, step in (applied | finished).items() if isinstance(step, Lost)}
        settled = self._each(number, lost, lambda host: self.stepper.settle(host, lost[host]))
        given_up = {
            host: self._told(number, host, self.stepper.give_up(host, step))
            for host, step in settled.items()
            if isinstance(step, Lost)
        }
        steps = applied | finished | settled | given_up
        return {host: step for host, step in steps.items() if isinstance(step, Ended)}

    def _converged(self, number: int, wave: tuple[str, ...], hosts: HostStepper) -> dict[str, Ended]:
        """All hosts of a wave at once, the right to go on being kept however long they take."""
        for name in wave:
            self.report(number, name, StepState.APPLYING, "")
        with _every(RENEWED, lambda: self.renew(())), _every(HEEDED, hosts.heed):
            return hosts.converge(
                wave,
                lambda name, done: self.report(number, name, StepState.APPLYING, done),
                lambda name, ended: self.report(number, name, ended.state, ended.cause),
            )

    def _cut(self, number: int, armed: Mapping[str, Applied], deadline: float) -> tuple[Reachable, ...]:
        """What breaks slowly is waited for first."""
        if not armed:
            return ()
        soaked = max(self.stepper.soaked(host, step) for host, step in armed.items())
        time.sleep(max(0.0, min(soaked, deadline) - time.monotonic()))
        return self.watch.lost(number, deadline, self.stepper.patience.pause)

    def _apply(self, number: int, host: str) -> Step | None:
        """None where the run was stopped before this device's turn."""
        if self.stop.is_set():
            return None
        self.report(number, host, StepState.APPLYING, "")
        return self.stepper.apply(host, self.bases[host])

    def _each(
        self, number: int, hosts: Iterable[str], work: Callable[[str], Step | None]
    ) -> dict[str, Step | None]:
        """One step of all `hosts`, told as it goes; a device over which who knows what happened is lost."""

        def told(host: str, step: Step | None) -> Step | None:
            return self._told(number, host, step)

        return {
            host: told(host, self.stepper.unforeseen(host, said)) if isinstance(said, DeviceError) else said
            for host, said in self.fleet.each(hosts, lambda host: told(host, work(host))).items()
        }

    def _told(self, number: int, host: str, step: Step | None) -> Step | None:
        """A step, once somebody was told of it."""
        if isinstance(step, Applied):
            self.report(number, host, StepState.APPLIED, "")
        elif isinstance(step, Ended):
            self.report(number, host, step.state, step.cause)
        return step


def failed(ends: Mapping[str, Ended]) -> tuple[str, ...]:
    """Devices that did not end confirmed, and hosts that are not done."""
    return tuple(name for name, ended in ends.items() if ended.state not in WELL)


RENEWED = 60.0
"""Seconds between two renewals of the right to go on, while hosts are under way."""

HEEDED = 0.2
"""Seconds after which hosts that are under way are told at the latest that the run is to stop."""


@contextmanager
def _every(seconds: float, work: Callable[[], None]) -> Iterator[None]:
    """`work` again and again while the block lasts. Who may not go on is told so before the next wave."""
    over = Flag()

    def repeat() -> None:
        while not over.wait(seconds):
            with suppress(InfraCtlError):
                work()

    thread = Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
