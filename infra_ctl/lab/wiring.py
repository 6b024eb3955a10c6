"""The cables of a twin: what ip(8) is told, in three batches, and the kernel's settings around them.

Veths are made directly between the namespaces, with their final names. Nothing ever has an address in the
machine's own namespace: the controller's is on a bridge in the management namespace, every managed node, or
only the data centre's, is on that bridge with mgmt0, and LANs end in the LAN namespace, where a bridge joins
those of several routers and of hosts.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

from infra_ctl.lab import namespace
from infra_ctl.lab.model import Segment, TwinSpec

BRIDGE = "br0"

CROWD = 100
"""From this many nodes on, the machine's neighbour table is too small as it comes."""

NEIGHBOURS = {"gc_thresh1": 64, "gc_thresh2": 128, "gc_thresh3": 256}
"""Entries a node in the machine's neighbour table: kept, aimed at, never exceeded (arp(7))."""

GATEWAY = {"base_reachable_time_ms": 3000, "delay_first_probe_time": 1, "retrans_time_ms": 300}
"""How long a gateway that was heard is believed, and how long it may take to answer (arp(7))."""


def build(spec: TwinSpec) -> None:
    """Make the namespaces, set them and connect them; every interface of a node is still down."""
    widen_neighbour_table(len(spec.machines))
    namespace.batch(f"netns add {name}" for name in spec.namespaces())
    for name in (spec.management_namespace, spec.lan_namespace):
        _quiet(name)
    namespace.batch(cables(spec))
    namespace.batch(management(spec), spec.management_namespace)
    if spec.in_band or spec.hosts:
        _spread(spec.management_namespace)
    if spec.hosts:
        _doubt(spec.management_namespace, BRIDGE)
    namespace.batch(lans(spec), spec.lan_namespace)


def clear(spec: TwinSpec) -> None:
    """Remove the namespaces; the kernel removes the interfaces in them in its own time."""
    every = (spec.monitor_namespace, *spec.namespaces())
    namespace.batch(f"netns delete {name}" for name in every if namespace.exists(name))


def cables(spec: TwinSpec) -> list[str]:
    """Lines for the machine's namespace: every veth, both ends where they belong."""
    lines = [
        f"link add {link.a.interface} mtu {link.mtu} netns {spec.namespace(link.a.node)} type veth"
        f" peer name {link.z.interface} mtu {link.mtu} netns {spec.namespace(link.z.node)}"
        for link in spec.links
    ]
    lines += [
        f"link add {end.interface} mtu {segment.mtu} netns {spec.namespace(end.node)} type veth"
        f" peer name {port} mtu {segment.mtu} netns {spec.lan_namespace}"
        for segment, ports in ports_of_segments(spec)
        for end, port in zip(segment.ends, ports, strict=True)
    ]
    lines += [
        f"link add mgmt0 netns {spec.namespace(hostname)} type veth"
        f" peer name {port} netns {spec.management_namespace}"
        for hostname, port in ports_of_nodes(spec)
    ]
    return lines


def management(spec: TwinSpec) -> list[str]:
    """Lines for the management namespace: each device's /32 is on the bridge, and no subnet is.

    What is not on the bridge is behind the cores, any of them; hosts are behind the routers of their LAN.
    """
    ports = [port for _, port in ports_of_nodes(spec)]
    addresses = [node.management for node in spec.nodes if node.has_mgmt0]
    ways = {"default": spec.gateways} if spec.in_band else {str(lan): via for lan, via in spec.ways().items()}
    return [
        "link set lo up",
        *bridge(BRIDGE, 1500, ports),
        f"address add {spec.controller}/32 dev lo",
        *(f"route add {address}/32 dev {BRIDGE} src {spec.controller}" for address in addresses),
        *(f"route add {where} src {spec.controller}{_hops(via)}" for where, via in ways.items()),
    ]


def _hops(gateways: tuple[IPv4Address, ...]) -> str:
    return "".join(f" nexthop via {address} dev {BRIDGE} onlink" for address in gateways)


def lans(spec: TwinSpec) -> list[str]:
    """Lines for the LAN namespace: ports up, and a bridge for each segment of several."""
    lines = ["link set lo up"]
    for index, (segment, ports) in enumerate(ports_of_segments(spec)):
        if len(ports) > 1:
            lines += bridge(f"s{index}", segment.mtu, ports)
        else:
            lines.append(f"link set {ports[0]} up")
    return lines


def bridge(name: str, mtu: int, ports: list[str]) -> list[str]:
    """Lines that make a bridge of ports."""
    return [
        f"link add {name} mtu {mtu} type bridge forward_delay 0 mcast_snooping 0",
        f"link set {name} up",
        *(f"link set {port} master {name} up" for port in ports),
    ]


def ports_of_segments(spec: TwinSpec) -> list[tuple[Segment, list[str]]]:
    """Every segment with the names of its ports in the LAN namespace, in the order of its ends."""
    numbered = iter(range(sum(len(segment.ends) for segment in spec.segments)))
    return [(segment, [f"l{next(numbered)}" for _ in segment.ends]) for segment in spec.segments]


def ports_of_nodes(spec: TwinSpec) -> list[tuple[str, str]]:
    """Every hostname on the management bridge with the name of its port there."""
    bridged = [node.hostname for node in spec.nodes if node.has_mgmt0]
    return [(hostname, f"n{index}") for index, hostname in enumerate(bridged)]


def _quiet(name: str) -> None:
    """A namespace that switches and never routes: no forwarding, and no IPv6 of its own."""
    with namespace.inside(name):
        Path("/proc/sys/net/ipv4/ip_forward").write_text("0")
        for scope in ("all", "default"):
            Path(f"/proc/sys/net/ipv6/conf/{scope}/disable_ipv6").write_text("1")


def _spread(name: str) -> None:
    """Of several ways a namespace takes one whose gateway answers; a new session may take another one."""
    with namespace.inside(name):
        Path("/proc/sys/net/ipv4/fib_multipath_use_neigh").write_text("1")
        Path("/proc/sys/net/ipv4/fib_multipath_hash_policy").write_text("1")


def _doubt(name: str, interface: str) -> None:
    """Find out soon that a gateway does not answer any more."""
    with namespace.inside(name):
        for setting, value in GATEWAY.items():
            Path("/proc/sys/net/ipv4/neigh", interface, setting).write_text(str(value))


def widen_neighbour_table(nodes: int, settings: Path = Path("/proc/sys/net")) -> None:
    """Make room for a crowd. The table is one for all namespaces; it is left wide, for another lab's sake."""
    if nodes < CROWD:
        return
    for family in ("ipv4", "ipv6"):
        for level, entries in NEIGHBOURS.items():
            file = settings / family / "neigh" / "default" / level
            if int(file.read_text()) < entries * nodes:
                file.write_text(f"{entries * nodes}\n")
