"""OSPFv2's adjacencies and areas while some routers may run one of two configurations.

What is certain holds whichever of its configurations each router has; with one a router, it is what
`Topology` says. Giving a router others costs what its own wires cost, whatever the size of the network.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from itertools import product
from typing import TypeAlias

from infra_ctl.change.ospf import Side, obstacle
from infra_ctl.change.router import Address, Port, Router
from infra_ctl.change.topology import BACKBONE, End, Wire

VERSION = 4
"""Devices are managed over IPv4."""

Link: TypeAlias = tuple[str, str, int]
"""Two routers that are neighbours for certain, and their area."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What other configurations of a router changed; links are named once from each end."""

    gone: list[Link] = field(default_factory=list)
    new: list[Link] = field(default_factory=list)
    turned: set[str] = field(default_factory=set)
    """Routers with other areas, or that have or have not a backbone neighbour since."""


@dataclass(slots=True)
class _Join:
    """A wire: its ends, the area in which they are neighbours for certain, and whether they may be in the
    backbone."""

    ends: tuple[End, End]
    area: int | None = None
    backbone: bool = False


class Fabric:
    """Routers by hostname, each with the configurations that it may have, and wires."""

    def __init__(self, routers: Mapping[str, Router], wires: Iterable[Wire]) -> None:
        self._may_run: dict[str, tuple[Router, ...]] = {host: (router,) for host, router in routers.items()}
        self._joins: defaultdict[str, list[_Join]] = defaultdict(list)
        self._far: dict[tuple[str, str], End] = {}
        self._peers: defaultdict[tuple[str, int], Counter[str]] = defaultdict(Counter)
        self._backbone: Counter[str] = Counter()
        """How many wires of a router may be in the backbone."""
        joins = [_Join((wire.a, wire.z)) for wire in wires]
        for join in joins:
            for near, far in (join.ends, join.ends[::-1]):
                self._joins[near.device].append(join)
                self._far[near.device, near.interface] = far
        for join in joins:
            self._judge(join, Difference())
        self._areas = {host: self._areas_of(host) for host in routers}

    def runs(self, device: str) -> tuple[Router, ...]:
        """The configurations that a router may have; none of one that nobody knows."""
        return self._may_run.get(device, ())

    def areas(self, device: str) -> frozenset[int]:
        """Areas that a router is attached to, by an interface that is up for certain."""
        return self._areas.get(device, frozenset())

    def peers(self, device: str, area: int) -> Set[str]:
        """Its neighbours for certain in an area."""
        return self._peers[device, area].keys() if (device, area) in self._peers else frozenset()

    def alone(self, device: str) -> bool:
        """Whether it has no neighbour in the backbone for certain."""
        return not self._backbone[device]

    def up(self, device: str, port: Port) -> bool:
        """Whether an interface is up for certain: neither it nor what it is wired to is shut down."""
        far = self._far.get((device, port.name))
        return not port.shutdown and not (far and self._shut(far))

    def put(self, device: str, routers: tuple[Router, ...]) -> Difference:
        """Let a device, known or new, have any of some configurations."""
        joins, difference = self._joins[device], Difference()
        others = [far for join in joins for far in join.ends if far.device != device]
        shut = [self._shut(near) for join in joins for near in join.ends if near.device == device]
        alone = {host: self.alone(host) for host in (device, *(each.device for each in others))}
        self._may_run[device] = routers
        for join in joins:
            self._judge(join, difference)
        now = [self._shut(near) for join in joins for near in join.ends if near.device == device]
        moved = {far.device for far, old, new in zip(others, shut, now, strict=True) if old != new}
        for host in (device, *moved):
            if self._areas.get(host) != (areas := self._areas_of(host)):
                self._areas[host] = areas
                difference.turned.add(host)
        difference.turned.update(host for host, was in alone.items() if self.alone(host) != was)
        return difference

    def obstacle(self, a: str, z: str) -> str:
        """What keeps two routers that a wire joins from being neighbours; empty where they may be."""
        wires = [join.ends for join in self._joins[a] if {end.device for end in join.ends} == {a, z}]
        said = [self._obstacle(near, far) for near, far in wires]
        return next(iter(said), "") if all(said) else ""

    def _obstacle(self, a: End, z: End) -> str:
        both = product(self._sides(a), self._sides(z))
        return next(filter(None, (obstacle(VERSION, here, there) for here, there in both)), "")

    def _judge(self, join: _Join, difference: Difference) -> None:
        """Look at a wire again, and note what became of it."""
        a, z = join.ends
        was, may_have_been = join.area, join.backbone
        areas = list(self._areas_between(a, z))
        join.area = areas[0] if len(set(areas)) == 1 else None
        join.backbone = BACKBONE in areas
        if join.area != was:
            self._rejoin(a.device, z.device, was, join.area, difference)
        if join.backbone != may_have_been:
            for device in (a.device, z.device):
                self._backbone[device] += join.backbone - may_have_been

    def _areas_between(self, a: End, z: End) -> Iterator[int | None]:
        """The area in which two ends are neighbours, or None, for each way to configure them."""
        for here, there in product(self._sides(a), self._sides(z)):
            blocked = obstacle(VERSION, here, there)
            yield None if blocked else int(here.port.ospf[VERSION].area)

    def _rejoin(self, a: str, z: str, was: int | None, area: int | None, difference: Difference) -> None:
        for near, far in ((a, z), (z, a)):
            if was is not None:
                counts = self._peers[near, was]
                counts[far] -= 1
                if not counts[far]:
                    del counts[far]
                    difference.gone.append((near, far, was))
            if area is not None:
                self._peers[near, area][far] += 1
                difference.new.append((near, far, area))

    def _areas_of(self, device: str) -> frozenset[int]:
        each = (
            {
                int(port.ospf[VERSION].area)
                for port in router.ports.values()
                if VERSION in port.ospf and self.up(device, port)
            }
            for router in self.runs(device)
        )
        return frozenset(set.intersection(*each)) if self.runs(device) else frozenset()

    def _shut(self, end: End) -> bool:
        """Whether an interface may be shut down."""
        ports = (router.ports.get(end.interface) for router in self.runs(end.device))
        return any(port.shutdown for port in ports if port)

    def _sides(self, end: End) -> list[Side]:
        empty = Port(end.interface, False, (), {})
        return [
            Side(end.device, router, router.ports.get(end.interface, empty), end.mtu)
            for router in self.runs(end.device)
        ]


def port_of(router: Router, address: Address) -> Port | None:
    """The interface that has an address; of a management address that is the loopback."""
    loopback = router.ports.get("lo")
    if loopback is not None and any(each.ip == address for each in loopback.addresses):
        return loopback
    return next((port for own, port in router.addresses() if own == address), None)
