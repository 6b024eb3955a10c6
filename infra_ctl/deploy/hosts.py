"""Hosts in a run: leased, brought to what they should be, all of a wave at once, and how each ended.

A host has no candidate to take back. It ends done, or stopped at an operation, and says at which; what can
lock us out is taken back by the host itself. Going on with a run asks each host again what is left to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from threading import Event as Flag

from infra_ctl.change.operations import Predicted, written
from infra_ctl.change.plan import PlannedHost
from infra_ctl.deploy.leases import LeasableHost, Lease
from infra_ctl.deploy.machine import HOST_ENDS, Signal, host_after
from infra_ctl.deploy.step import Ended
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.drivers.hosts import HostEnd, HostFleet, Prediction
from infra_ctl.errors import DeviceError, InfraCtlError, NotBegunError, SecretError, SessionLostError
from infra_ctl.journal.records import Before, Step, StepState
from infra_ctl.journal.store import Journal
from infra_ctl.masking import Masking
from infra_ctl.predicting import masked

HELD = 1800
"""Seconds of a host's lease: packages take as long as they take. It is given back once the host has ended."""

Told = Callable[[str, str], None]
"""Told of each operation that was done: host, what was done in words."""


OnEnd = Callable[[str, Ended], None]
"""Told how each host ended."""


@dataclass(frozen=True, slots=True)
class HostStepper:
    """The hosts of one run."""

    run: str
    lease: Lease
    journal: Journal
    hosts: HostFleet
    routers: Fleet
    """Those of host parts: a router and its host part are held by one lease."""
    planned: Mapping[str, PlannedHost]
    masking: Masking
    synced: Mapping[str, str]
    """Operations that each host was last seen to need none of, as JSON."""
    revert_in: int
    stop: Flag = field(default_factory=Flag)
    """Once it is set, a host that is under way stops after the operation that it is at; no other begins."""

    def converge(self, names: Iterable[str], told: Told, on_end: OnEnd) -> dict[str, Ended]:
        """Bring hosts to what they should be, and say how each ended, as it ends; none that never began."""
        ends: dict[str, Ended] = {}

        def ended(name: str, end: Ended) -> None:
            ends[name] = end
            on_end(name, end)

        fences: dict[str, int] = {}
        for name, said in self.routers.each(names, self._take).items():
            if isinstance(said, DeviceError):
                ended(name, self.end(name, StepState.WAITING, Signal.REFUSED, self._cause(said)))
            else:
                fences[name] = said
        try:
            if not self.stop.is_set():
                self._apply(fences, told, ended)
        finally:
            self.routers.each(fences, self._give_back)
        return ends

    def heed(self) -> None:
        """Tell the hosts that are under way, where they are to stop: who waits for them cannot."""
        if self.stop.is_set():
            self.hosts.driver.stop()

    def _take(self, name: str) -> int:
        """A host's lease, after that of the router that it is a part of. Raises DeviceError."""
        lease, router = replace(self.lease, seconds=HELD), name.partition("/")[0]
        host = LeasableHost(self.hosts.driver, name)
        if router == name:
            return lease.take(host)
        with self.routers.open(router) as device:
            lease.take(device)
            try:
                return lease.take(host)
            except DeviceError:
                lease.give_back(device)
                raise

    def _give_back(self, name: str) -> None:
        router = name.partition("/")[0]
        self.lease.give_back(LeasableHost(self.hosts.driver, name))
        if router != name:
            with self.routers.open(router) as device:
                self.lease.give_back(device)

    def _begin(self, name: str, fence: int) -> None:
        """The journal comes first: what the host was last in sync with, then that it is going to change."""
        text = self.synced.get(name, "")
        state = host_after(StepState.WAITING, Signal.BEGIN)
        before = Before(text, self._digest(text), ())
        self.journal.begin(self.run, name, state, f"lease {fence}, timer {self.revert_in} s", before)

    def _digest(self, operations: str) -> str:
        """With their secrets; empty where the vault has one no more."""
        try:
            return self.masking.digest(operations)
        except SecretError:
            return ""

    def _apply(self, fences: Mapping[str, int], told: Told, ended: OnEnd) -> None:
        """What the driver says of each, as it says it; of whom it says nothing, nobody knows."""
        waiting = set(fences)

        def journalled(name: str, done: Predicted) -> None:
            words = masked(done, self.masking).says
            self.journal.record(self.run, name, StepState.APPLYING, words)
            told(name, words)

        def taken(name: str, said: HostEnd | DeviceError) -> None:
            if name in waiting:
                waiting.discard(name)
                ended(name, self._ended(name, said))

        resolve = self.masking.resolve
        works = [self.hosts.work(name, self.planned[name].operations, resolve) for name in fences]
        for name, fence in fences.items():
            self._begin(name, fence)
        timer, cause = self.revert_in, "nothing was heard of it"
        try:
            for name, said in self.hosts.driver.apply(
                works, token=self.lease.token, fence=fences, revert_in=timer, told=journalled, ended=taken
            ).items():
                taken(name, said)
        except InfraCtlError:
            raise  # of no one host: a journal that is gone
        except Exception as error:  # noqa: BLE001 - a defect leaves hosts that somebody must be told of
            cause = f"a defect of infra-ctl: {type(error).__name__}: {error}"
        for name in sorted(waiting):
            taken(name, SessionLostError(name, cause))

    def _ended(self, name: str, said: HostEnd | DeviceError) -> Ended:
        state = StepState.APPLYING
        if isinstance(said, SessionLostError):
            return self.end(name, state, Signal.LOST, self._cause(said))
        if isinstance(said, DeviceError):
            ended = self.end(name, state, Signal.REFUSED, self._cause(said))
            return replace(ended, interrupted=isinstance(said, NotBegunError))
        cause = self.masking.mask(" ".join(filter(None, (f"at {said.at}:" if said.at else "", said.cause))))
        ended = self.end(name, state, _SIGNALS[said.state], _LOUD.get(said.state, "") + cause)
        return replace(ended, interrupted=said.state == "interrupted")

    def _cause(self, error: DeviceError) -> str:
        return self.masking.mask(error.cause)

    def end(self, name: str, state: StepState, signal: Signal, cause: str = "") -> Ended:
        """Write how a host ends that is in `state` and met `signal`."""
        ended = Ended(host_after(state, signal), cause)
        after = written(self.planned[name].operations) if ended.state is StepState.DONE else ""
        self.journal.record(self.run, name, ended.state, cause=cause, after=after)
        return ended

    def look(self, steps: Mapping[str, Step]) -> tuple[dict[str, Ended], frozenset[str]]:
        """Ask all hosts of a run that was left: the ends of those that need nothing more, and the others."""
        resolve = self.masking.resolve
        works = [self.hosts.work(name, host.operations, resolve) for name, host in self.planned.items()]
        said = self.hosts.driver.predict(works, token=self.lease.token) if works else {}
        found = {name: self._left(name, steps[name].state, said[name]) for name in self.planned}
        ends = {name: ended for name, ended in found.items() if ended is not None}
        return ends, frozenset(found.keys() - ends.keys())

    def _left(self, name: str, state: StepState, said: Prediction | DeviceError) -> Ended | None:
        """None where there is something left to do: of one that was begun, that is at least to see it end.

        What it left on trial may be taken back after it was asked.
        """
        if isinstance(said, DeviceError):
            return self._unread(name, state, self._cause(said))
        if state is StepState.DONE and not said.changes:
            return Ended(state)
        self.journal.record(self.run, name, host_after(state, Signal.RESUMED), "resumed")
        settling = StepState.SETTLING
        if state is StepState.DONE:
            return self.end(name, settling, Signal.OTHER, "changed since it was done: plan again")
        if not said.changes and state is StepState.WAITING:
            return self.end(name, settling, Signal.NEW)
        self.journal.record(self.run, name, host_after(settling, Signal.AGAIN))
        return None

    def _unread(self, name: str, state: StepState, cause: str) -> Ended:
        """It cannot be asked: what the journal knows of it stays."""
        if state is StepState.WAITING:
            return self.end(name, state, Signal.REFUSED, cause)
        if state in HOST_ENDS:
            return Ended(state, cause)
        self.journal.record(self.run, name, host_after(state, Signal.RESUMED), cause)
        return self.end(name, StepState.SETTLING, Signal.SILENT, cause)


_SIGNALS: Mapping[str, Signal] = {
    "done": Signal.APPLIED,
    "stopped": Signal.HALTED,
    "interrupted": Signal.HALTED,
    "taken back": Signal.HALTED,
    "unknown": Signal.LOST,
}
_LOUD: Mapping[str, str] = {"taken back": "TAKEN BACK: "}
