"""Who is joined to whom, from the intents, in the shapes that the rest of `change` needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from infra_ctl.change.router import Router
from infra_ctl.change.topology import End, Wire
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


def former(
    routers: Mapping[str, Router], gone: Mapping[str, Router], known: Iterable[Wire]
) -> tuple[Wire, ...]:
    """Wires that still lead to devices which have left the inventory, by the subnet that both ends share."""
    wired = {(end.device, end.interface) for wire in known for end in (wire.a, wire.z)}
    free = {
        address.network: End(device, name)
        for device, router in routers.items()
        for name, port in router.ports.items()
        for address in port.addresses
        if (device, name) not in wired and name != "lo"
    }
    found = {
        Wire(free[address.network], End(device, name))
        for device, router in gone.items()
        for name, port in router.ports.items()
        for address in port.addresses
        if address.network in free
    }
    return tuple(sorted(found))


def _cabled(intents: Mapping[str, DeviceIntent]) -> Iterator[tuple[str, Interface]]:
    for hostname, intent in intents.items():
        for interface in intent.interfaces:
            if interface.kind in ("link", "peering"):
                yield hostname, interface
