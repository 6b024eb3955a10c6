"""The routers of a whole network as configured, the wires between them, and the adjacencies that follow.

Changing one router costs what its own wires cost, whatever the size of the network. A wire whose far end has
no configuration here leads outside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TypeAlias

from infra_ctl.change.ospf import Side, obstacle
from infra_ctl.change.router import Address, Port, Router
from infra_ctl.intent.model import LOOPBACK_MTU, MAX_COST

Place: TypeAlias = tuple[str, str]
"""A device and its interface."""

VERSIONS = (4, 6)
BACKBONE = 0
ETHERNET_MTU = 1500


@dataclass(frozen=True, slots=True, order=True)
class End:
    """An interface of a device; `mtu` in bytes."""

    device: str
    interface: str
    mtu: int = ETHERNET_MTU


@dataclass(frozen=True, slots=True, order=True)
class Wire:
    """What joins two interfaces: a cable or a circuit."""

    a: End
    z: End


@dataclass(frozen=True, slots=True)
class Link:
    """A full OSPF adjacency, from one end; `mtu` is the smaller one of the two ends."""

    peer: str
    area: int
    cost: int
    mtu: int


@dataclass(frozen=True, slots=True)
class Stub:
    """A device that nobody's way leads through, and its areas."""

    device: str
    areas: frozenset[int]


class Topology:
    """Routers by hostname, and wires. `stirred` grows with every change of what reachability rests on."""

    def __init__(self, routers: Mapping[str, Router], wires: Iterable[Wire]) -> None:
        self.routers: dict[str, Router] = {}
        self.stirred: dict[int, list[Stub | None]] = {version: [] for version in VERSIONS}
        """By IP version, one for each such change: None where more than the device may be concerned."""
        self._ends: dict[Place, tuple[End, End]] = {}
        self._wired: dict[str, list[str]] = {}
        self._link: dict[tuple[Place, int], Link | None] = {}
        self._links: dict[tuple[str, int], tuple[Link, ...]] = {}
        self._through: dict[tuple[str, int], tuple[Link, ...]] = {}
        self._backbone: dict[tuple[str, int], bool] = {}
        self._areas: dict[tuple[str, int], frozenset[int]] = {}
        self._owners: dict[Address, set[Place]] = {}
        self._subnets: dict[IPv4Network | IPv6Network, set[Place]] = {}
        self._lengths: Counter[tuple[int, int]] = Counter()
        for wire in wires:
            for near, far in ((wire.a, wire.z), (wire.z, wire.a)):
                self._ends[near.device, near.interface] = near, far
                self._wired.setdefault(near.device, []).append(near.interface)
        for device, router in routers.items():
            self._add(device, router)

    def replace(self, device: str, router: Router) -> None:
        """Give a device, known or new, another configuration."""
        old = self.routers.get(device)
        if old == router:
            return
        stubs = {version: self._stub(device, version) for version in VERSIONS}
        before = {
            version: (old and _announced(old, version), self._around(device, version)) for version in VERSIONS
        }
        if old is not None:
            self._remove(device, old)
        self._add(device, router)
        self._forget(device)
        for version in VERSIONS:
            around = self._around(device, version)
            if before[version] != (_announced(router, version), around):
                as_up = [up for _link, up in around] == [up for _link, up in before[version][1]]
                was, now = stubs[version], self._stub(device, version)
                alone = Stub(device, was.areas | now.areas) if as_up and was and now else None
                self.stirred[version].append(alone)

    def revision(self, version: int) -> int:
        """Grows with every change of what reachability rests on in an IP version."""
        return len(self.stirred[version])

    def wired(self, device: str) -> tuple[tuple[End, End], ...]:
        """Own and far end of every wire of a device."""
        return tuple(self._ends[device, interface] for interface in self._wired.get(device, ()))

    def far(self, place: Place) -> End | None:
        """What an interface is wired to."""
        return self._ends[place][1] if place in self._ends else None

    def mtu(self, place: Place) -> int:
        """Bytes; of an interface without a wire, what the kernel gives it."""
        if place in self._ends:
            return self._ends[place][0].mtu
        return LOOPBACK_MTU if place[1] == "lo" else ETHERNET_MTU

    def up(self, place: Place) -> bool:
        """Whether an interface is up: neither it nor what it is wired to is shut down."""
        far = self.far(place)
        ends = (place, (far.device, far.interface)) if far else (place,)
        return not any(port.shutdown for port in map(self._port, ends) if port)

    def obstacle(self, near: End, far: End, version: int) -> str:
        """What keeps the two ends of a wire from being OSPF neighbours; empty when nothing does."""
        here, there = self._side(near), self._side(far)
        if here is None or there is None:
            return f"nothing is known of {far.device if there is None else near.device}"
        return obstacle(version, here, there)

    def areas(self, device: str, version: int) -> frozenset[int]:
        """Areas that a router is attached to, by an interface that is up."""
        key = device, version
        if key not in self._areas:
            self._areas[key] = frozenset(
                int(port.ospf[version].area)
                for port in self.routers[device].ports.values()
                if version in port.ospf and self.up((device, port.name))
            )
        return self._areas[key]

    def links(self, device: str, version: int) -> tuple[Link, ...]:
        """Full OSPF adjacencies of a device in one IP version."""
        key = device, version
        if key not in self._links:
            found = (self._found(near, far, version) for near, far in self.wired(device))
            self._links[key] = tuple(link for link in found if link)
        return self._links[key]

    def through(self, device: str, version: int) -> tuple[Link, ...]:
        """Those of its adjacencies that a way may lead on from."""
        key = device, version
        if key not in self._through:
            links = self.links(device, version)
            self._through[key] = tuple(link for link in links if not self.is_leaf(link.peer))
        return self._through[key]

    def has_backbone(self, device: str, version: int) -> bool:
        """Whether it has a neighbour in the backbone."""
        key = device, version
        if key not in self._backbone:
            self._backbone[key] = any(link.area == BACKBONE for link in self.links(device, version))
        return self._backbone[key]

    def is_leaf(self, device: str) -> bool:
        """Whether one wire leads to a device, so that no way leads through it. Wires do not change."""
        return len(self._wired.get(device, ())) <= 1

    def is_stub(self, device: str, version: int) -> bool:
        """Whether nothing is to pass through a router, or nothing that has another way."""
        ospf = self.routers[device].ospf.get(version)
        return ospf is not None and ospf.stub

    def owner(self, address: Address) -> Place | None:
        """Which interface has an address; the first by name where several do."""
        return min(self._owners.get(address, ()), default=None)

    def connected(self, address: Address) -> list[Place]:
        """Interfaces that are up and have an address in the longest subnet that holds this one, sorted."""
        for length in range(address.max_prefixlen, -1, -1):
            if self._lengths[address.version, length]:
                subnet = ip_network((address, length), strict=False)
                if places := sorted(filter(self.up, self._subnets.get(subnet, ()))):
                    return places
        return []

    def _add(self, device: str, router: Router) -> None:
        self.routers[device] = router
        for port in router.ports.values():
            for address in port.addresses:
                self._owners.setdefault(address.ip, set()).add((device, port.name))
                self._subnets.setdefault(address.network, set()).add((device, port.name))
                self._lengths[address.version, address.network.prefixlen] += 1

    def _remove(self, device: str, router: Router) -> None:
        for port in router.ports.values():
            for address in port.addresses:
                self._owners[address.ip].discard((device, port.name))
                self._subnets[address.network].discard((device, port.name))
                self._lengths[address.version, address.network.prefixlen] -= 1

    def link_to(self, near: End, far: End, version: int) -> Link | None:
        """The adjacency over a wire, from its `near` end."""
        return self._found(near, far, version)

    def _stub(self, device: str, version: int) -> Stub | None:
        """A device that is in one area, none of the backbone, and has one neighbour there at the most."""
        if device not in self.routers:
            return None
        links, areas = self.links(device, version), self.areas(device, version)
        is_stub = len(links) <= 1 and len(areas) <= 1 and BACKBONE not in areas
        return Stub(device, areas) if is_stub else None

    def _around(self, device: str, version: int) -> list[tuple[Link | None, bool]]:
        """Everything about a router's wires that others build on, in the order of the wires."""
        return [
            (self._found(*ends, version), self.up((ends[0].device, ends[0].interface)))
            for near, far in self.wired(device)
            for ends in ((near, far), (far, near))
        ]

    def _forget(self, device: str) -> None:
        """Drop what was worked out of a router's wires, at both ends."""
        places = [(end.device, end.interface) for ends in self.wired(device) for end in ends]
        for version in VERSIONS:
            for place in places:
                self._link.pop((place, version), None)
            for each in {device, *(place[0] for place in places)}:
                for known in (self._links, self._through, self._backbone, self._areas):
                    known.pop((each, version), None)

    def _found(self, near: End, far: End, version: int) -> Link | None:
        key = (near.device, near.interface), version
        if key not in self._link:
            self._link[key] = self._judged(near, far, version)
        return self._link[key]

    def _judged(self, near: End, far: End, version: int) -> Link | None:
        if self.obstacle(near, far, version):
            return None
        ospf = self.routers[near.device].ports[near.interface].ospf[version]
        cost = MAX_COST if version == 4 and self.is_stub(near.device, 4) else ospf.cost
        return Link(far.device, int(ospf.area), cost, min(near.mtu, far.mtu))

    def _side(self, end: End) -> Side | None:
        if end.device not in self.routers:
            return None
        port = self._port((end.device, end.interface)) or Port(end.interface, False, (), {})
        return Side(end.device, self.routers[end.device], port, end.mtu)

    def _port(self, place: Place) -> Port | None:
        router = self.routers.get(place[0])
        return router.ports.get(place[1]) if router else None


def _announced(router: Router, version: int) -> object:
    """What a router adds to reachability beside its adjacencies: its prefixes, areas and redistribution."""
    ports = {
        name: (
            port.shutdown,
            [each for each in port.addresses if each.version == version],
            (ospf.area, ospf.passive) if (ospf := port.ospf.get(version)) else None,
        )
        for name, port in router.ports.items()
    }
    process = router.ospf.get(version)
    return ports, process and (process.connected, process.stub)
