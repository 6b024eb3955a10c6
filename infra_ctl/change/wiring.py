"""Who is joined to whom, from the intents, in the shapes that the rest of `change` needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network

from infra_ctl.change.router import Router
from infra_ctl.change.topology import End, Place, Wire
from infra_ctl.change.waves import Ground
from infra_ctl.intent.expectations import cores
from infra_ctl.intent.model import DeviceIntent, Interface

OUTSIDE = "eth0"
"""An interface of something that is none of our devices."""


def pairs(intents: Mapping[str, DeviceIntent]) -> tuple[tuple[str, str], ...]:
    """Devices that a link joins, each pair as often as there are links between the two."""
    return tuple((wire.a.device, wire.z.device) for wire in wires(intents) if wire.z.device in intents)


def ground(intents: Mapping[str, DeviceIntent]) -> Ground:
    """What the order of any change to these devices rests on."""
    sites: defaultdict[str, list[str]] = defaultdict(list)
    for hostname, intent in intents.items():
        sites[intent.site].append(hostname)
    kinds = {hostname: intent.role for hostname, intent in intents.items()}
    return Ground(pairs(intents), cores(intents, intents), tuple(sites.values()), kinds)


def wires(intents: Mapping[str, DeviceIntent]) -> tuple[Wire, ...]:
    """Every circuit and cable once, and a wire that leads outside for each peering and each foreign end."""
    ends: dict[str, list[End]] = {}
    outside: list[Wire] = []
    for hostname, interface in _cabled(intents):
        end = End(hostname, interface.name, interface.mtu)
        if interface.kind == "link" and interface.neighbour in intents:
            ends.setdefault(interface.circuit or "", []).append(end)
        else:
            outside.append(Wire(end, End(interface.neighbour or "", OUTSIDE, interface.mtu)))
    return (*(Wire(a, z) for a, z in ends.values()), *outside)


def _cabled(intents: Mapping[str, DeviceIntent]) -> Iterator[tuple[str, Interface]]:
    for hostname, intent in intents.items():
        for interface in intent.interfaces:
            if interface.kind in ("link", "peering"):
                yield hostname, interface


def laid(intended: Iterable[Wire], routers: Mapping[str, Router]) -> tuple[Wire, ...]:
    """The wires that there are, by what routers run, where the inventory knows of them no more or not yet.

    Two interfaces that are alone in a subnet of two addresses are joined, whatever the inventory says of
    them: a circuit that was taken out of it, or an end of one that is to be moved, is still where it was. All
    others are as intended.
    """
    known = {frozenset(map(_place, (wire.a, wire.z))): wire for wire in intended}
    present = {ends for ends in map(frozenset, _joined(routers)) if len({place[0] for place in ends}) > 1}
    held = {place for ends in present & known.keys() for place in ends}
    former = [ends for ends in present - known.keys() if held.isdisjoint(ends)]
    taken = {place for ends in former for place in ends}
    stay = (wire for ends, wire in known.items() if taken.isdisjoint(ends))
    return (*stay, *sorted(Wire(*(End(*place) for place in sorted(ends))) for ends in former))


def _place(end: End) -> Place:
    return end.device, end.interface


def _joined(routers: Mapping[str, Router]) -> Iterator[list[Place]]:
    """Pairs of interfaces that share a subnet which has room for no third."""
    subnets: defaultdict[IPv4Network | IPv6Network, list[Place]] = defaultdict(list)
    for device, router in routers.items():
        for port in router.ports.values():
            for address in port.addresses:
                if address.version == 4 and address.network.prefixlen in _PAIRS:
                    subnets[address.network].append((device, port.name))
    return (places for places in subnets.values() if len(places) == 2)


_PAIRS = (30, 31)
"""Lengths of IPv4 prefixes with two addresses to use."""
