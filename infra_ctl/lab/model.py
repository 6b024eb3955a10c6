"""What a twin is made of: nodes, links and LAN segments, as one frozen value built from the intents."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Interface
from typing import TypeAlias

from infra_ctl.errors import LabError, LabUsageError, UnknownError
from infra_ctl.intent.interfaces import LAN_MTU
from infra_ctl.intent.model import Address, DeviceIntent, Interface
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.kinds import Zone
from infra_ctl.lab.external import External, Session, external_config, sessions
from infra_ctl.render import day0

CONTROLLER = IPv4Address("10.20.255.254")
"""Where devices that have the management bridge see the controller."""

NAME = re.compile(r"^[a-z][a-z0-9]{0,15}$")
"""A lab's name has no dash, so `<lab>-<hostname>` names one namespace of one lab."""

HOST_INTERFACE = "eth0"
"""The one interface of a host."""

RESERVED = frozenset({"mgmt", "lan", "monitor"})
"""Namespaces of a lab that are not nodes."""


@dataclass(frozen=True, slots=True, order=True)
class End:
    """An interface of a node."""

    node: str
    interface: str


@dataclass(frozen=True, slots=True)
class Link:
    """A circuit, a cable or a peering between two nodes; `mtu` in bytes."""

    circuit: str
    a: End
    z: End
    mtu: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A LAN, or the stub of a link whose other end is not in the slice; `mtu` in bytes.

    With one end it is up and empty; with more a bridge joins them.
    """

    id: str
    ends: tuple[End, ...]
    mtu: int


@dataclass(frozen=True, slots=True)
class Node:
    """A router. `daemons` are FRR's beside zebra and staticd; `config` its frr.conf on day 0.

    Without a `management` address it has no sshd: nobody of the city manages it.
    """

    hostname: str
    management: IPv4Address | None
    daemons: tuple[str, ...]
    config: str
    bridged: bool = True
    """Whether it is on the management bridge; otherwise its circuits are the only way in."""
    uplinks: tuple[IPv4Address, ...] = ()
    """Addresses that its sshd listens on as well: those of its uplinks, where it is not on the bridge."""

    @property
    def has_mgmt0(self) -> bool:
        return self.management is not None and self.bridged


@dataclass(frozen=True, slots=True)
class HostNode:
    """A host: a Debian with systemd on the LAN `segment`, which it leaves by any of the `gateways`."""

    hostname: str
    segment: str
    ipv4: IPv4Interface | None
    ipv6: IPv6Interface | None
    gateways: tuple[Address, ...]

    @property
    def management(self) -> IPv4Address | None:
        """Where the controller reaches it; None where its zone has no IPv4."""
        return self.ipv4.ip if self.ipv4 else None

    @property
    def has_mgmt0(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class RoomNode:
    """A video room on its site's video LAN, which it leaves by the first of the `gateways` of each family."""

    hostname: str
    """The room's id."""
    segment: str
    ipv4: IPv4Interface | None
    ipv6: IPv6Interface | None
    gateways: tuple[Address, ...]
    domain: str = ""
    """Where it says that it is registered: `sip:ROOM@DOMAIN`."""
    registrar: Address | None = None
    """Where it registers, as there need not be a resolver."""

    @property
    def management(self) -> IPv4Address | None:
        """It is nobody's to manage."""
        return None

    @property
    def has_mgmt0(self) -> bool:
        return False


Machine: TypeAlias = Node | HostNode | RoomNode


@dataclass(frozen=True, slots=True)
class TwinSpec:
    """A whole twin. `disk_mb` limits the disk of every node, MiB; None where the machine's is the limit."""

    name: str
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    segments: tuple[Segment, ...]
    controller: IPv4Address = CONTROLLER
    disk_mb: int | None = None
    gateways: tuple[IPv4Address, ...] = ()
    """Management addresses of the cores, through which the controller reaches what is not on the bridge."""
    hosts: tuple[HostNode, ...] = ()
    parts: tuple[str, ...] = ()
    """Routers whose host part is ours to change too."""
    rooms: tuple[RoomNode, ...] = ()

    @property
    def in_band(self) -> bool:
        """Whether only the data centre is on the management bridge."""
        return bool(self.gateways)

    @property
    def machines(self) -> tuple[Machine, ...]:
        """Routers, hosts and rooms."""
        return (*self.nodes, *self.hosts, *self.rooms)

    @property
    def management_namespace(self) -> str:
        return self.namespace("mgmt")

    @property
    def lan_namespace(self) -> str:
        return self.namespace("lan")

    @property
    def monitor_namespace(self) -> str:
        """Where the monitoring stack stands, while it is up."""
        return self.namespace("monitor")

    def namespace(self, hostname: str) -> str:
        """Name of a node's network namespace."""
        return f"{self.name}-{hostname}"

    def namespaces(self) -> tuple[str, ...]:
        """All network namespaces that this twin always has."""
        machines = (self.namespace(machine.hostname) for machine in self.machines)
        return (self.management_namespace, self.lan_namespace, *machines)

    def node(self, hostname: str) -> Machine:
        """A router, a host or a room. Raises UnknownError when there is none of that name."""
        for machine in self.machines:
            if machine.hostname == hostname:
                return machine
        hint = did_you_mean(hostname, [machine.hostname for machine in self.machines])
        raise UnknownError(f"lab {self.name} has no node '{hostname}'{hint}")

    def link(self, circuit: str) -> Link:
        """Raises UnknownError when no circuit of that id joins two nodes of this twin."""
        for link in self.links:
            if link.circuit == circuit:
                return link
        hint = did_you_mean(circuit, [link.circuit for link in self.links])
        raise UnknownError(f"lab {self.name} has no circuit '{circuit}' between two of its nodes{hint}")

    def ways(self) -> dict[IPv4Network, tuple[IPv4Address, ...]]:
        """LANs with hosts, and the management addresses of the routers on the bridge that lead there."""
        routers = {node.hostname: node.management for node in self.nodes if node.has_mgmt0}
        ends = {segment.id: segment.ends for segment in self.segments}
        return {
            host.ipv4.network: tuple(
                address for end in ends[host.segment] if (address := routers.get(end.node)) is not None
            )
            for host in self.hosts
            if host.ipv4 is not None
        }


def spec(
    name: str,
    intents: Mapping[str, DeviceIntent],
    externals: Iterable[External] = (),
    *,
    day0: Callable[[DeviceIntent], str] = day0,
    disk_mb: int | None = None,
    in_band: bool = False,
    behind: tuple[HostNode | RoomNode, ...] = (),
) -> TwinSpec:
    """The twin of the devices in `intents` (by hostname), a slice or the whole city; others are `behind`.

    A peering whose peer is in `externals` gets a BGP speaker at its other end. `in_band` leaves only the
    site of the cores on the management bridge. Raises LabError when the lab cannot carry a name or an id.
    """
    if not NAME.match(name):
        raise LabUsageError(f"lab name {name!r}: use a letter, then up to 15 letters and digits")
    peerings = sessions(intents.values(), externals)
    joined = [_Joined.of(intent, interface) for intent, interface in _wired(intents)]
    joined += [_Joined.of_session(peering) for peering in peerings]
    joined += [_Joined.of_host(one) for one in behind]
    links, segments = _wire(joined)
    nodes = (*_routers(intents, day0), *_speakers(peerings))
    _check_names((*nodes, *behind))
    hosts = tuple(each for each in behind if isinstance(each, HostNode))
    rooms = tuple(each for each in behind if isinstance(each, RoomNode))
    twin = TwinSpec(name, nodes, links, segments, disk_mb=disk_mb, hosts=hosts, rooms=rooms)
    return _in_band(twin, intents) if in_band else twin


def _in_band(twin: TwinSpec, intents: Mapping[str, DeviceIntent]) -> TwinSpec:
    """The twin with nothing on the bridge but the data centre; everybody learns by OSPF where that is."""
    cores = [intent for intent in intents.values() if intent.role == "core"]
    if not cores:
        raise LabUsageError("in-band management begins at the cores: select them too (site=dc)")
    bridged = {host for host, intent in intents.items() if intent.site in {core.site for core in cores}}
    nodes = tuple(
        node
        if node.hostname in bridged or node.management is None
        else _off_bridge(node, intents[node.hostname])
        for node in twin.nodes
    )
    return replace(
        twin,
        nodes=nodes,
        controller=_in_management_zone(cores[0]),
        gateways=tuple(core.management for core in cores),
    )


def _off_bridge(node: Node, intent: DeviceIntent) -> Node:
    uplinks = tuple(uplink.ipv4.ip for uplink in intent.uplinks if uplink.ipv4)
    return replace(node, bridged=False, uplinks=uplinks)


def _in_management_zone(core: DeviceIntent) -> IPv4Address:
    """The last address of the zone's LAN, which the cores announce. Raises LabError where there is none."""
    zone = f"{core.site}:{Zone.MANAGEMENT}"
    for interface in core.interfaces:
        if interface.circuit == zone and interface.ipv4 is not None:
            return interface.ipv4.network.broadcast_address - 1
    raise LabError(f"in-band management needs IPv4 in the management zone, and {core.hostname} has none")


@dataclass(frozen=True, slots=True)
class _Joined:
    """An interface and what it is joined to: all that have the same `kind` and `id`."""

    kind: str
    id: str
    end: End
    mtu: int

    @classmethod
    def of(cls, intent: DeviceIntent, interface: Interface) -> _Joined:
        end = End(intent.hostname, interface.name)
        joined_by = interface.circuit or f"{end.node}/{end.interface}"
        if interface.kind == "peering":
            joined_by = f"{interface.neighbour}/{end.node}/{end.interface}"
        return cls(interface.kind, joined_by, end, interface.mtu)

    @classmethod
    def of_session(cls, session: Session) -> _Joined:
        end = End(session.external.id, session.interface)
        return cls("peering", f"{end.node}/{session.device}/{session.device_interface}", end, session.mtu)

    @classmethod
    def of_host(cls, host: HostNode | RoomNode) -> _Joined:
        return cls("lan", host.segment, End(host.hostname, HOST_INTERFACE), LAN_MTU)


def _wired(intents: Mapping[str, DeviceIntent]) -> list[tuple[DeviceIntent, Interface]]:
    return [
        (intents[hostname], interface)
        for hostname in sorted(intents)
        for interface in intents[hostname].interfaces
        if interface.kind != "loopback"
    ]


def _wire(joined: Iterable[_Joined]) -> tuple[tuple[Link, ...], tuple[Segment, ...]]:
    groups: dict[tuple[str, str], list[_Joined]] = defaultdict(list)
    for one in joined:
        groups[one.kind, one.id].append(one)
    links: list[Link] = []
    segments: list[Segment] = []
    for (kind, joined_by), members in groups.items():
        ends = tuple(member.end for member in members)
        mtu = min(member.mtu for member in members)
        if kind == "lan" or len(ends) == 1:
            segments.append(Segment(joined_by, ends, mtu))
        elif len(ends) == 2:
            links.append(Link(joined_by, ends[0], ends[1], mtu))
        else:
            raise LabError(f"{kind} {joined_by} has {len(ends)} ends: a circuit joins two")
    return tuple(links), tuple(segments)


def _routers(intents: Mapping[str, DeviceIntent], day0: Callable[[DeviceIntent], str]) -> list[Node]:
    """OSPFv3 runs from the start everywhere: a device must not need a new daemon to move to IPv6."""
    igp = ("ospfd", "ospf6d", "bfdd")
    return [
        Node(
            hostname,
            intents[hostname].management,
            (*igp, "bgpd") if intents[hostname].bgp else igp,
            day0(intents[hostname]),
        )
        for hostname in sorted(intents)
    ]


def _speakers(peerings: Iterable[Session]) -> list[Node]:
    by_external: dict[External, list[Session]] = defaultdict(list)
    for peering in peerings:
        by_external[peering.external].append(peering)
    return [
        Node(external.id, None, ("bgpd",), external_config(external, own))
        for external, own in by_external.items()
    ]


def _check_names(nodes: Iterable[Machine]) -> None:
    seen: set[str] = set()
    for node in nodes:
        if node.hostname in RESERVED or node.hostname in seen:
            raise LabError(f"node {node.hostname}: the name is taken in this lab")
        if len(node.hostname) > 63:
            raise LabError(f"node {node.hostname}: a hostname has at most 63 characters (RFC 1035)")
        seen.add(node.hostname)
