"""The seam to network devices: what every driver promises, and the state it reports.

A driver knows neither plans nor the journal. It promises old-or-new: after any of its methods the
device runs the whole old or the whole new configuration, or a dead-man timer on the device is going
to bring the old one back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    ip_address,
)
from typing import Literal, Protocol, Self, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class InterfaceState:
    """An interface as the device sees it; `mtu` in bytes."""

    name: str
    up: bool
    mtu: int
    addresses: tuple[IPv4Interface | IPv6Interface, ...]


@dataclass(frozen=True, slots=True, order=True)
class Neighbour:
    """A routing neighbour: `key` is a router id for OSPF, an address for BFD and BGP."""

    protocol: Literal["ospf", "ospf6", "bfd", "bgp"]
    interface: str
    """Empty for BGP."""
    key: str
    up: bool
    """Full, up or Established; anything less is False."""
    detail: str
    """The device's own word for the state."""
    expires_in: float | None = field(default=None, compare=False)
    """Seconds until it is given up if it is not heard again; None where the protocol does not say."""

    @property
    def foreseeable_key(self) -> str:
        """Its key, or nothing where that is a link-local address: the interface chose it for itself."""
        local = self.protocol == "bfd" and ip_address(self.key).is_link_local
        return "" if local else self.key


@dataclass(frozen=True, slots=True)
class Route:
    """The way that a device has chosen to a prefix."""

    prefix: Network
    protocol: str
    """What it has it from, in the device's own word: `connected`, `static`, `kernel`, `ospf`, `bgp`."""
    interfaces: frozenset[str]
    """Out of which it leads; none where packets are dropped."""


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What one sweep of a device saw."""

    interfaces: tuple[InterfaceState, ...]
    neighbours: tuple[Neighbour, ...]
    routes: tuple[Route, ...] | None = None
    """Of both families; None where they were not asked for, or the device has no such table."""


@dataclass(frozen=True, slots=True)
class Ping:
    """A reachability question: `size` is the whole IP packet in bytes, unfragmented; None: a small one."""

    target: Address
    source: Address
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """An armed, unconfirmed commit: who made it and when the device takes it back (seconds left)."""

    token: str
    seconds_left: int


@dataclass(frozen=True, slots=True)
class TakenBack:
    """The last commit that the device took back because nobody confirmed it, and what made it do so."""

    token: str
    by: Literal["timer", "restart"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a device runs, its secrets as they are, and whether that is only for now."""

    running: str = field(repr=False)
    pending: Pending | None
    taken_back: TakenBack | None = None


class ConfigDriver(Protocol):
    """A session with one device. Used as a context manager; every error is a `DeviceError`."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...

    def read(self) -> str:
        """The running configuration, with its secrets as they are."""

    def reading(self) -> Reading:
        """`read` and `pending` in one go: most of what a device is asked, it is asked for a plan."""

    def stage(self, candidate: str) -> str:
        """What would change if `candidate` replaced the running configuration, the device's own verdict.

        Lines start with `+`, `-` or a blank (context); empty when nothing would. Raises RejectedError.
        """

    def lease(self, owner: str, token: str, seconds: int) -> int:
        """Let nobody but the holder of `token` commit for so many seconds, by the device's uptime.

        Returns the lease's number, which grows with every holder; who still has it keeps the number and gets
        the seconds anew. Raises BusyError while another holder's is live, or another's commit is pending.
        """

    def release(self, token: str) -> None:
        """Give the lease back, if `token` still has it."""

    def apply(
        self, candidate: str, *, base: str, revert_in: int, token: str, fence: int | None = None
    ) -> None:
        """Arm the dead-man timer (`revert_in` seconds), then replace the running configuration.

        `base` is the running configuration the decision rests on, as `read` gave it; a device that has
        another by now raises BusyError and is not touched. A rejected candidate is reverted at once and
        raises RejectedError. `token` names the commit, to `confirm` it or to recognise it in `pending`.
        `fence` is the number of our lease: where the device has given another one since, BusyError.
        """

    def confirm(self, token: str) -> None:
        """Keep what `apply` did, over a reboot too. Raises BusyError when nothing of `token` is pending."""

    def restore(self, token: str) -> None:
        """Take back what `apply` did, now. Raises NotRestoredError."""

    def pending(self) -> Pending | None:
        """The unconfirmed commit, if there is one."""

    def state(self, *, routes: bool = False, timeout: float = 60.0) -> DeviceState:
        """Interfaces and neighbours, with `routes` its routing tables too, read in one go.

        `timeout` in seconds; SessionLostError when it is over.
        """

    def ping(self, questions: Sequence[Ping]) -> tuple[bool, ...]:
        """Answers in the order of the questions; asked from the device itself, in parallel."""
