"""A router as its configuration has it: interfaces, OSPF in both versions, BGP. `reading` makes it from text.

Only what decides over adjacencies and reachability is here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
InterfaceAddress: TypeAlias = IPv4Interface | IPv6Interface


@dataclass(frozen=True, slots=True)
class Key:
    """An authentication key; `algorithm` as the configuration names it."""

    id: int
    algorithm: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OspfPort:
    """OSPF of one version on one interface; intervals in seconds."""

    area: IPv4Address
    passive: bool
    point_to_point: bool
    hello: int
    dead: int
    cost: int
    authentication: str
    """`none`, `simple`, `md5` or OSPFv3's `trailer` (RFC 7166)."""
    keys: tuple[Key, ...]
    """By id. FRR signs with the last one that was entered, which is the highest if they are counted up."""
    bfd: bool
    mtu: int | None
    """Bytes, of OSPFv3; None for the interface's own."""
    mtu_ignore: bool
    instance: int


@dataclass(frozen=True, slots=True)
class Port:
    """An interface with its addresses; the first of a family is the one that protocols use."""

    name: str
    shutdown: bool
    addresses: tuple[InterfaceAddress, ...]
    ospf: Mapping[int, OspfPort]
    """By IP version: 4 for OSPFv2, 6 for OSPFv3; only where the router runs that version."""

    def address(self, version: int) -> InterfaceAddress | None:
        return next((each for each in self.addresses if each.version == version), None)


@dataclass(frozen=True, slots=True)
class Ospf:
    """OSPF of one version on the whole router."""

    router_id: IPv4Address
    areas: Mapping[IPv4Address, str]
    """Areas that are no usual ones: `stub` or `nssa`."""
    connected: bool
    """Whether all connected prefixes are redistributed, unfiltered."""
    stub: bool = False
    """Nothing is to pass through: OSPFv2's `max-metric` is a last resort, OSPFv3's `stub-router` is none."""


@dataclass(frozen=True, slots=True)
class BgpPeer:
    """A BGP neighbour, with what it has from its group."""

    address: Address
    remote_as: str
    """A number, `internal` or `external`."""
    password: str | None = field(repr=False)
    source: str | None
    """An interface's name or an address; None for the address on the link towards the peer."""
    multihop: bool
    shutdown: bool
    bfd: bool
    families: frozenset[int]
    """IP versions whose unicast routes are exchanged."""


@dataclass(frozen=True, slots=True)
class Bgp:
    """BGP on the whole router."""

    asn: int
    router_id: IPv4Address
    peers: Mapping[Address, BgpPeer]


@dataclass(frozen=True, slots=True)
class Router:
    """A router as configured."""

    ports: Mapping[str, Port]
    ospf: Mapping[int, Ospf]
    """By IP version, as in `Port`."""
    bgp: Bgp | None

    def addresses(self) -> Iterator[tuple[Address, Port]]:
        """Every address of its own, with the interface that has it."""
        return ((each.ip, port) for port in self.ports.values() for each in port.addresses)
