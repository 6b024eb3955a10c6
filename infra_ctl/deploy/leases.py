"""Who may change the city: whoever holds the lease of its cores, and of each device while it is changed.

A laptop knows only its own journal; the devices know everybody. The cores are where every way into the
city begins, so two runs that would interleave meet there, whatever else they are about. A core that does not
answer is left out: each device's own lease and base still stand between two runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from infra_ctl.drivers.base import ConfigDriver
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.drivers.hosts import HostDriver
from infra_ctl.errors import BusyError, DeviceError, RefusedError, SessionLostError

SPARE = 180
"""Seconds that a lease outlasts the dead-man timer of what is done under it."""


def boot_seconds() -> float:
    """Seconds since this machine was started, those that it slept among them: a device's lease ran on."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))  # Linux has the former


class Leasable(Protocol):
    """What can be held: see ConfigDriver."""

    def lease(self, owner: str, token: str, seconds: int) -> int: ...
    def release(self, token: str) -> None: ...


@dataclass(frozen=True, slots=True)
class LeasableHost:
    """A host among all that a driver reaches."""

    driver: HostDriver
    part: str

    def lease(self, owner: str, token: str, seconds: int) -> int:
        return self.driver.lease(self.part, owner, token, seconds)

    def release(self, token: str) -> None:
        self.driver.release(self.part, token)


@dataclass(frozen=True, slots=True)
class Lease:
    """What a run presents for a lease."""

    owner: str
    """`user@host`."""
    token: str
    seconds: int
    orphans: tuple[str, ...] = ()
    """Tokens of runs of our own journal whose processes are gone: what they hold is ours to give back."""

    def take(self, device: Leasable) -> int:
        """The lease's number. Raises BusyError."""
        try:
            return device.lease(self.owner, self.token, self.seconds)
        except BusyError as busy:
            in_the_way = [token for token in self.orphans if token in busy.cause]
            if not in_the_way:
                raise
        for token in in_the_way:
            device.release(token)
        return device.lease(self.owner, self.token, self.seconds)

    def give_back(self, device: Leasable) -> None:
        """One that cannot be given back ends by itself."""
        try:
            device.release(self.token)
        except DeviceError:
            return

    @contextmanager
    def kept_if_well(self, device: ConfigDriver) -> Iterator[int]:
        """The lease, taken; given back where what is done under it fails with the session still there."""
        fence = self.take(device)
        try:
            yield fence
        except SessionLostError:
            raise
        except DeviceError:
            self.give_back(device)
            raise


@dataclass
class CityLease:
    """The lease of the whole city, on its cores."""

    fleet: Fleet
    cores: tuple[str, ...]
    lease: Lease
    clock: Callable[[], float] = boot_seconds
    due: float | None = None
    """When it is to be renewed, on that clock."""

    def renew(self, ended: Collection[str] = ()) -> None:
        """Take it, or keep it for longer. Raises RefusedError where somebody else has it.

        Nobody else can have it before its time is over, so half of that may pass before the cores are asked
        again; but a core that has `ended`, or its host part, gave its own lease back, and with it the city's.
        """
        now = self.clock()
        given_back = any(name.partition("/")[0] in self.cores for name in ended)
        if self.due is None or now >= self.due or given_back:
            self.take()
            self.due = now + self.lease.seconds / 2

    def take(self) -> None:
        """Take it, whoever had it last. Raises RefusedError where somebody else has it."""
        said = self.fleet.each(self.cores, self._take)
        busy = next((error for error in said.values() if isinstance(error, BusyError)), None)
        if busy is not None:
            self.give_back()
            raise RefusedError(f"{busy}")

    def _take(self, hostname: str) -> int:
        with self.fleet.open(hostname) as device:
            return self.lease.take(device)

    def give_back(self) -> None:
        """Let others in."""
        self.fleet.each(self.cores, self._give_back)

    def _give_back(self, hostname: str) -> None:
        with self.fleet.open(hostname) as device:
            self.lease.give_back(device)
