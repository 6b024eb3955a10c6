"""What goes first on a circuit: classes, who is marked how, and the queues at a router's ends of circuits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from infra_ctl.intent.demands import ZONE_KINDS
from infra_ctl.intent.model import DeviceIntent
from infra_ctl.inventory import Inventory
from infra_ctl.inventory.kinds import Traffic

STEP = 10
"""Between the numbers of two classes."""


@dataclass(frozen=True, slots=True)
class Class:
    """A class of traffic on this router; `share` is what it has of a circuit for certain, a ratio."""

    name: str
    dscp: str
    share: float
    place: int
    """What waits less has the lower one, from 0."""

    @property
    def minor(self) -> int:
        """Its number below a queue's handle, in hex. It never changes: a queue is adjusted, not made anew."""
        return STEP * (self.place + 1)


@dataclass(frozen=True, slots=True)
class Queue:
    """What an interface sends goes into classes, and no faster than its circuit carries."""

    interface: str
    circuit: str
    mbps: int


@dataclass(frozen=True, slots=True)
class Mark:
    """What comes in there is of one class, whatever it says of itself."""

    traffic: str
    dscp: str
    interfaces: tuple[str, ...]


def classes(inventory: Inventory) -> tuple[Class, ...]:
    """All classes, what goes first before what waits."""
    order = list(Traffic)
    found = [
        Class(name, each.dscp, each.share, order.index(name)) for name, each in inventory.classes.items()
    ]
    return tuple(sorted(found, key=lambda each: each.place))


def queues(device: DeviceIntent, inventory: Inventory) -> tuple[Queue, ...]:
    """One at each end of a circuit; a cable inside a site is as fast as its ports."""
    if not inventory.classes:
        return ()
    return tuple(
        Queue(each.name, each.circuit, each.mbps)
        for each in device.interfaces
        if each.circuit is not None and each.circuit in inventory.circuits and each.mbps is not None
    )


def marks(device: DeviceIntent, inventory: Inventory) -> tuple[Mark, ...]:
    """Where somebody who is no router of ours comes in. Marks of our own routers are believed."""
    found: defaultdict[Traffic, list[str]] = defaultdict(list)
    for interface, traffic in _untrusted(device, inventory):
        found[traffic].append(interface)
    return tuple(
        Mark(traffic, each.dscp, tuple(found[traffic]))
        for traffic, each in inventory.classes.items()
        if traffic in found
    )


def _untrusted(device: DeviceIntent, inventory: Inventory) -> Iterator[tuple[str, Traffic]]:
    has_zones = inventory.sites[device.site].kind in ZONE_KINDS
    senders: dict[str, Traffic] = {}
    for traffic, each in inventory.classes.items():
        senders |= dict.fromkeys(each.zones if has_zones else each.lans, traffic)
    for interface in device.interfaces:
        if interface.kind == "lan":
            purpose = (interface.circuit or "").rpartition(":")[2]
            yield interface.name, senders.get(purpose, Traffic.DEFAULT)
        elif interface.kind == "peering":
            yield interface.name, Traffic.DEFAULT
