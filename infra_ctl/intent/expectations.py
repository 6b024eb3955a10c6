"""What must hold once every device is as intended: interfaces, adjacencies, and who reaches whom.

Pure: from intents alone. Judging what was seen on the devices against it is the work of `verify`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from infra_ctl.intent.model import Address, DeviceIntent, Interface
from infra_ctl.intent.paths import Family, ospf_of, paths

FAMILIES: tuple[Family, ...] = ("ipv4", "ipv6")
LOOPBACK = "loopback"
"""What is asked for where it is no LAN."""
LINK_LOCAL = ""
"""Key of a BFD session of OSPFv3: its address is for the hardware to choose, the interface says who it is."""


@dataclass(frozen=True, slots=True, order=True)
class Adjacency:
    """A routing neighbour, keyed as drivers report it: a router id for OSPF, an address for BFD and BGP."""

    protocol: Literal["ospf", "ospf6", "bfd", "bgp"]
    interface: str
    """Empty for BGP."""
    key: str
    peer: str
    """Hostname, or the id of an external peer."""


@dataclass(frozen=True, slots=True)
class DeviceExpectation:
    """Interfaces that are up with their MTU and addresses, and adjacencies: these and none besides."""

    hostname: str
    interfaces: tuple[Interface, ...]
    adjacencies: tuple[Adjacency, ...]


@dataclass(frozen=True, slots=True)
class Reachable:
    """`address` of `target` answers an unfragmented packet of `mtu` bytes from the loopback of `source`."""

    source: str
    source_address: Address
    target: str
    what: str
    """`LOOPBACK`, or the LAN that it is the gateway of."""
    address: Address
    mtu: int

    @property
    def family(self) -> str:
        """`IPv4` or `IPv6`, for people."""
        return f"IPv{self.address.version}"


def device_expectations(
    intents: Mapping[str, DeviceIntent], present: Collection[str], externals: Collection[str] = ()
) -> tuple[DeviceExpectation, ...]:
    """Of every device in `present`, sorted; neighbours are among `present` and `externals` (ids of peers)."""
    there = _there(intents, present)
    named = {*there, *externals}
    return tuple(
        DeviceExpectation(
            hostname=hostname,
            interfaces=intent.interfaces,
            adjacencies=tuple(sorted((*_on_links(intent, there), *_bgp(intent, named)))),
        )
        for hostname, intent in there.items()
    )


def reachability(
    intents: Mapping[str, DeviceIntent], present: Collection[str], sources: Collection[str]
) -> tuple[Reachable, ...]:
    """What `sources`, routers of the backbone, reach of all others `present`, on the families of each stage.

    Loopbacks, and LANs with one router: on a shared one the answer may come over the LAN and say nothing of
    the WAN. What no path of devices in `present` leads to is not asked for.
    """
    there = _there(intents, present)
    routers = Counter(
        lan.circuit for intent in there.values() for lan in intent.interfaces if lan.kind == "lan"
    )
    alone = frozenset(segment for segment, count in routers.items() if count == 1)
    return tuple(
        question
        for source in sorted(sources)
        for family in FAMILIES
        for question in _questions(there[source], family, there, alone)
    )


def from_cores(intents: Mapping[str, DeviceIntent], present: Collection[str]) -> tuple[Reachable, ...]:
    """What the cores reach: the data centre hangs on them."""
    return reachability(intents, present, cores(intents, present))


def cores(intents: Mapping[str, DeviceIntent], present: Collection[str]) -> tuple[str, ...]:
    """Those of `present` that the controller hangs on."""
    return tuple(hostname for hostname in present if intents[hostname].role == "core")


def _there(intents: Mapping[str, DeviceIntent], present: Collection[str]) -> dict[str, DeviceIntent]:
    return {hostname: intents[hostname] for hostname in sorted(present)}


def _on_links(intent: DeviceIntent, there: Mapping[str, DeviceIntent]) -> Iterator[Adjacency]:
    """OSPF neighbours and the BFD sessions that OSPF asks for."""
    for interface in intent.interfaces:
        if interface.kind != "link" or (far := there.get(interface.neighbour or "")) is None:
            continue
        if interface.ospf is not None:
            yield Adjacency("ospf", interface.name, str(far.router_id), far.hostname)
            if interface.bfd:
                yield Adjacency("bfd", interface.name, _far_ipv4(interface, far), far.hostname)
        if interface.ospf6 is not None:
            yield Adjacency("ospf6", interface.name, str(far.router_id), far.hostname)
            if interface.bfd:
                yield Adjacency("bfd", interface.name, LINK_LOCAL, far.hostname)


def _far_ipv4(interface: Interface, far: DeviceIntent) -> str:
    """The address at the other end of a link."""
    ends = (each for each in far.interfaces if each.kind == "link" and each.circuit == interface.circuit)
    return next(str(end.ipv4.ip) for end in ends if end.ipv4 is not None)


def _bgp(intent: DeviceIntent, named: Collection[str]) -> Iterator[Adjacency]:
    for neighbour in intent.bgp.neighbours if intent.bgp else ():
        if neighbour.name in named:
            yield Adjacency("bgp", "", str(neighbour.address), neighbour.name)


def _questions(
    source: DeviceIntent, family: Family, there: Mapping[str, DeviceIntent], alone: Collection[str | None]
) -> Iterator[Reachable]:
    loopback = next(interface for interface in source.interfaces if interface.kind == "loopback")
    if (own := _announced(loopback, family)) is None:
        return
    for hostname, path in sorted(paths(there, source.hostname, family).items()):
        for interface in there[hostname].interfaces if hostname != source.hostname else ():
            asked = interface.kind == "loopback" or interface.circuit in alone
            if asked and (address := _announced(interface, family)) is not None:
                what = LOOPBACK if interface.kind == "loopback" else interface.description
                yield Reachable(source.hostname, own, hostname, what, address, path.mtu)


def _announced(interface: Interface, family: Family) -> Address | None:
    """The address of an interface, where OSPF announces it."""
    address = interface.ipv4 if family == "ipv4" else interface.ipv6
    return address.ip if address is not None and ospf_of(interface, family) is not None else None
