"""Which way OSPF goes, from the intents alone, and the largest packet that fits all the way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Literal, TypeAlias

from infra_ctl.intent.model import DeviceIntent, Interface, Ospf
from infra_ctl.intent.topology import BACKBONE

if TYPE_CHECKING:
    from networkx import DiGraph

Family: TypeAlias = Literal["ipv4", "ipv6"]

DEFAULT_MBPS = 10000
"""What FRR takes an interface for whose bandwidth nobody has set."""
NO_LIMIT = 65535
"""Longest IP packet, bytes: the MTU of a path of no links."""


@dataclass(frozen=True, slots=True)
class Path:
    """The shortest way to a device; `mtu` in bytes is the smallest of all equally short ways."""

    cost: int
    mtu: int


def ospf_of(interface: Interface, family: Family) -> Ospf | None:
    """OSPFv2 or OSPFv3 of an interface."""
    return interface.ospf if family == "ipv4" else interface.ospf6


def cost(interface: Interface, family: Family, reference_mbps: int) -> int:
    """OSPF's cost of sending out of an interface, rounded as FRR 8.4 rounds it."""
    ospf = ospf_of(interface, family)
    if ospf is not None and ospf.cost is not None:
        return ospf.cost
    return max(int(reference_mbps / (interface.mbps or DEFAULT_MBPS) + 0.5), 1)


def paths(intents: Mapping[str, DeviceIntent], source: str, family: Family) -> dict[str, Path]:
    """From a router of the backbone to every device that it can reach, by hostname (RFC 2328, 16).

    Inside an area that the source is in, the way stays in it. Any other area is entered by whichever of its
    border routers makes the whole way shortest. Only links with both ends in `intents` count.
    """
    graphs = area_graphs(intents, family)
    start = {source: Path(0, NO_LIMIT)}
    backbone = _shortest(graphs[BACKBONE], start)
    inside: dict[IPv4Address, Mapping[str, Path]] = {}
    for area, graph in graphs.items():
        borders = {hostname: path for hostname, path in backbone.items() if hostname in graph}
        inside[area] = _shortest(graph, start if source in graph else borders)
    homes = ((hostname, _loopback_area(intent, family)) for hostname, intent in intents.items())
    return {
        hostname: inside[area][hostname]
        for hostname, area in homes
        if area is not None and hostname in inside[area]
    }


def area_graphs(intents: Mapping[str, DeviceIntent], family: Family) -> Mapping[IPv4Address, DiGraph[str]]:
    """A directed graph an area, with cost and MTU of every link that has both its ends."""
    from networkx import DiGraph  # a tenth of a second that a plan with nothing to change has no use for

    graphs: defaultdict[IPv4Address, DiGraph[str]] = defaultdict(DiGraph)
    for hostname, intent in intents.items():
        for interface, ospf in _active(intent, family):
            if (far := interface.neighbour) not in intents or far is None:
                continue
            way = Path(cost(interface, family, intent.reference_mbps), interface.mtu)
            graph = graphs[ospf.area]
            if graph.has_edge(hostname, far):  # two circuits side by side
                way = _better(way, Path(**graph.edges[hostname, far]))
            graph.add_edge(hostname, far, cost=way.cost, mtu=way.mtu)
        if (area := _loopback_area(intent, family)) is not None:
            graphs[area].add_node(hostname)
    return graphs


def _active(intent: DeviceIntent, family: Family) -> Iterator[tuple[Interface, Ospf]]:
    for interface in intent.interfaces:
        ospf = ospf_of(interface, family)
        if ospf is not None and not ospf.passive:
            yield interface, ospf


def _loopback_area(intent: DeviceIntent, family: Family) -> IPv4Address | None:
    areas = (ospf_of(each, family) for each in intent.interfaces if each.kind == "loopback")
    return next((ospf.area for ospf in areas if ospf is not None), None)


def _better(one: Path, other: Path) -> Path:
    if one.cost == other.cost:
        return Path(one.cost, min(one.mtu, other.mtu))
    return min(one, other, key=lambda path: path.cost)


def _shortest(graph: DiGraph[str], starts: Mapping[str, Path]) -> dict[str, Path]:
    """From any of `starts`, each with the way already gone, to all nodes of a graph."""
    from networkx import dijkstra_predecessor_and_distance

    origin = ""
    joined = graph.copy()
    joined.add_node(origin)
    for hostname, path in starts.items():
        joined.add_edge(origin, hostname, cost=path.cost, mtu=path.mtu)
    before, distance = dijkstra_predecessor_and_distance(joined, origin, weight="cost")
    mtu = {origin: NO_LIMIT}
    for node in sorted(distance, key=distance.__getitem__):
        mtu[node] = min(
            (min(mtu[each], joined.edges[each, node]["mtu"]) for each in before[node]), default=NO_LIMIT
        )
    return {node: Path(int(distance[node]), mtu[node]) for node in distance if node != origin}
