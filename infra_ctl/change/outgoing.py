"""Links that a plan takes away, and the lines that keep them until what takes their place is there. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from infra_ctl.change.fabric import VERSION
from infra_ctl.change.normal import Normal, ordered
from infra_ctl.change.reading import read
from infra_ctl.change.router import InterfaceAddress, Router
from infra_ctl.change.topology import End, Topology, Wire


@dataclass(frozen=True, slots=True)
class Keeping:
    """What is to stay for now."""

    links: tuple[str, ...]
    """In words: `nk-pop1/eth10 to nk-cai-khe-ce1/eth0`."""
    lines: Mapping[str, Normal]
    """By device, of those that the plan changes."""


def keeping(
    topology: Topology,
    wires: Collection[Wire],
    intended: Collection[Wire],
    running: Mapping[str, Normal],
    candidates: Mapping[str, Normal],
) -> Keeping:
    """What keeps the links of `wires` that nobody intends any more, at the ends that `candidates` change.

    Raises ValueError where a link cannot stay beside what is intended, with the reason.
    """
    needed = {(end.device, end.interface): wire for wire in intended for end in (wire.a, wire.z)}
    links: list[str] = []
    lines: defaultdict[str, list[Normal]] = defaultdict(list)
    for wire in wires:
        ends = [end for end in (wire.a, wire.z) if end.device in candidates]
        if wire in intended or not ends or topology.obstacle(wire.a, wire.z, VERSION):
            continue
        links.append(f"{_named(wire.a)} to {_named(wire.z)}")
        for end in ends:
            if other := needed.get((end.device, end.interface)):
                raise ValueError(
                    f"{_named(end)} is to lead to {_far(other, end)}, and leads to {_far(wire, end)}"
                )
            kept = _lines(end, running[end.device])
            _refuse_shared(end, kept, candidates[end.device])
            lines[end.device].append(kept)
    return Keeping(
        tuple(links), {host: ordered(pair for each in kept for pair in each) for host, kept in lines.items()}
    )


def _named(end: End) -> str:
    return f"{end.device}/{end.interface}"


def _far(wire: Wire, near: End) -> str:
    """The other end of a wire, by the device and the interface of this one."""
    return _named(wire.z if (wire.a.device, wire.a.interface) == (near.device, near.interface) else wire.a)


def _lines(end: End, running: Normal) -> Normal:
    """All that a device runs on an interface."""
    return tuple(pair for pair in running if pair[0] == (f"interface {end.interface}",))


def _refuse_shared(end: End, kept: Normal, candidate: Normal) -> None:
    """A device refuses a subnet on two of its interfaces, or loses one. Raises ValueError."""
    taken = {each.network: name for name, each in _addresses(read(candidate)) if name != end.interface}
    for _name, address in _addresses(read(kept)):
        if address.network in taken:
            here, there = _named(end), f"{end.device}/{taken[address.network]}"
            raise ValueError(f"{there} is to be in {address.network}, which {here} has until it goes")


def _addresses(router: Router) -> Iterator[tuple[str, InterfaceAddress]]:
    return ((port.name, each) for port in router.ports.values() for each in port.addresses)
