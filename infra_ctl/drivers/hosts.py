"""The seam to Linux hosts: what would be done to each, and doing it.

A host has no candidate: it ends as it should be, or stopped at an operation, and says at which. What can lock
us out is done under a dead-man timer on the host. A driver knows neither plans nor the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, Self

from infra_ctl.change.operations import Operation, Predicted, resolved
from infra_ctl.drivers.connection import Connection
from infra_ctl.errors import DeviceError
from infra_ctl.hosts.protocol import State


@dataclass(frozen=True, slots=True)
class HostWork:
    """All that is to be on one host, its secrets resolved; `part` is its name in plans."""

    part: str
    connection: Connection
    operations: tuple[Operation, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What would be done to a host, in order; nothing where it is as it should be.

    `texts` are the texts, secrets as they are, that the files of `kept` operations have now.
    """

    changes: tuple[Predicted, ...]
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    digests: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Of the texts that files have now which are to have another, by operation: who guesses one would know.
    They are for a keyed hash, and are kept nowhere."""


@dataclass(frozen=True, slots=True)
class HostEnd:
    """How a host ended: what was done to it, in order, and what it stopped at."""

    state: State
    """`interrupted`: it was told to stop, and nothing failed. `taken back`: of what can lock us out nothing
    is left, the rest before it is done."""
    done: tuple[Predicted, ...]
    at: str = ""
    """Id of the operation that it stopped at."""
    cause: str = ""


Told = Callable[[str, Predicted], None]
"""Told of each operation that changed something as it ends: part, operation."""


OnEnd = Callable[[str, "HostEnd | DeviceError"], None]
"""Told how each host ended, as it ends."""


class HostDriver(Protocol):
    """Sessions with many hosts at once. Used as a context manager; a host's failure is its own."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...

    def predict(
        self,
        works: Iterable[HostWork],
        kept: Sequence[str] = (),
        on_done: Callable[[str], None] = lambda _part: None,
        token: str = "",
    ) -> dict[str, Prediction | DeviceError]:
        """What would be done to each host, which is asked anew.

        `kept` are ids of files whose present text is wanted too. What a run has on trial is soon kept or
        taken back: such a host is a BusyError, but for the run of `token`, which has always something to do.
        """

    def lease(self, part: str, owner: str, token: str, seconds: int) -> int:
        """As ConfigDriver's: nobody but the holder of `token` applies anything for so many seconds."""

    def release(self, part: str, token: str) -> None:
        """Give the lease back, if `token` still has it."""

    def apply(
        self,
        works: Iterable[HostWork],
        *,
        token: str,
        fence: Mapping[str, int],
        revert_in: int,
        told: Told,
        ended: OnEnd = lambda _part, _end: None,
        fresh: bool = False,
    ) -> dict[str, HostEnd | DeviceError]:
        """Bring hosts to what they should be, all at once, each on its own; results as they come.

        What a host said for a prediction counts where nothing was done to it since, unless `fresh`. Guarded
        operations are armed first (`revert_in` seconds), and kept once a new session to the host was had. A
        host that could not be reached, or is another's (BusyError), is a DeviceError: nothing was done to it.
        A KeyboardInterrupt stops all, and comes once each has ended.
        """

    def stop(self) -> None:
        """Of all that is being applied, let each host end the operation that it is at, and no more after it.

        For another thread than the one that applies; it may be said again and again. What is on trial is
        brought to its end first.
        """


@dataclass(frozen=True, slots=True)
class HostFleet:
    """One driver for all hosts of a context, and the way to each, by its name in plans."""

    driver: HostDriver
    connection: Callable[[str], Connection]

    def work(self, name: str, operations: Iterable[Operation], resolve: Callable[[str], str]) -> HostWork:
        """What is to be on a host, its secrets put in by `resolve`. Raises SecretError."""
        return HostWork(name, self.connection(name), resolved(operations, resolve))

    def pinned_in(self, known_hosts: Path) -> HostFleet:
        """The same hosts, whose host keys are in another file."""
        return HostFleet(self.driver, lambda name: replace(self.connection(name), known_hosts=known_hosts))
