"""Who is joined to whom: circuits between sites and cables inside them, as one list of links."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Literal

from infra_ctl.inventory import Device, Inventory, devices, port
from infra_ctl.inventory.kinds import Stage
from infra_ctl.inventory.models import Circuit, Site

BACKBONE = IPv4Address("0.0.0.0")  # noqa: S104 - an OSPF area
CABLE_MTU = 1500


@dataclass(frozen=True, slots=True)
class End:
    """One end of a link."""

    device: Device
    interface: str


@dataclass(frozen=True, slots=True)
class Link:
    """A circuit or a cable. `a` is the end nearer to the data centre; `mtu` in bytes, `mbps` in Mbit/s."""

    id: str
    a: End
    z: End
    mbps: int
    mtu: int
    kind: Literal["circuit", "cable"]

    @property
    def stage(self) -> Stage:
        """A link is as far as the lower of its two ends."""
        return min(self.a.device.ipv6, self.z.device.ipv6)


def links(inventory: Inventory) -> tuple[Link, ...]:
    """Circuits in the order of their file, then cables site by site."""
    by_hostname = {device.hostname: device for device in devices(inventory)}
    circuits = (_circuit(circuit, by_hostname) for circuit in inventory.circuits.values())
    cables = (cable for site in inventory.sites.values() for cable in _cables(site, inventory, by_hostname))
    return (*circuits, *cables)


def _circuit(circuit: Circuit, by_hostname: dict[str, Device]) -> Link:
    a, z = (_end(endpoint, by_hostname) for endpoint in (circuit.a, circuit.z))
    return Link(circuit.id, a, z, circuit.mbps, circuit.mtu, "circuit")


def _cables(site: Site, inventory: Inventory, by_hostname: dict[str, Device]) -> list[Link]:
    """A cable has no contract to be named after: its first end names it."""
    profile = inventory.profiles[site.profile]
    return [
        Link(
            f"{site.id}:{a}",
            _end(f"{site.id}:{a}", by_hostname),
            _end(f"{site.id}:{z}", by_hostname),
            profile.link_mbps,
            CABLE_MTU,
            "cable",
        )
        for a, z in profile.links
    ]


def _end(endpoint: str, by_hostname: dict[str, Device]) -> End:
    place = port(endpoint)
    return End(by_hostname[place.hostname], place.interface)


def distances(neighbours: Mapping[str, Collection[str]], roots: Collection[str]) -> dict[str, int]:
    """Links from each device to the nearest root, breadth first; those that none leads to are not in it."""
    distance = dict.fromkeys(roots, 0)
    waiting = deque(roots)
    while waiting:
        device = waiting.popleft()
        for neighbour in neighbours.get(device, ()):
            if neighbour not in distance:
                distance[neighbour] = distance[device] + 1
                waiting.append(neighbour)
    return distance


def device_area(device: Device, inventory: Inventory) -> IPv4Address:
    """A customer edge is in its PoP's area; what joins sites is in the backbone."""
    return inventory.pops[device.pop].area if device.role == "ce" else BACKBONE


def link_area(link: Link, inventory: Inventory) -> IPv4Address:
    """The area of the customer edge that it serves; the router at the other end joins that area."""
    served = link.z.device if link.z.device.role == "ce" else link.a.device
    return device_area(served, inventory)
