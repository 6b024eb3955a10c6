"""Which prefixes every router is to know once all are as intended, and which it may know. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_network

from infra_ctl.intent.expectations import FAMILIES
from infra_ctl.intent.model import DeviceIntent, Interface, Network
from infra_ctl.intent.paths import Family, area_graphs, ospf_of
from infra_ctl.intent.topology import BACKBONE


@dataclass(frozen=True, slots=True)
class Table:
    """One family's routing table of one router."""

    expected: frozenset[Network]
    """Loopbacks, LANs and aggregates: its own, and those that OSPF or BGP brings it."""
    links: frozenset[Network]
    """Of links and peerings anywhere: they come and go with a circuit, which neighbours tell of already."""
    static: frozenset[Network]
    """What it drops because it announces all of it, and lines that somebody declared unmanaged."""
    interfaces: frozenset[str]
    """Those that are ours; what is connected to others is nobody's business here."""
    city: tuple[Network, ...]
    """What BGP may bring from outside of these is the world's; empty where it brings nothing from there."""
    default: bool
    """Whether a router that is there may tell of a way out of the city."""


def tables(
    intents: Mapping[str, DeviceIntent], present: Collection[str]
) -> Mapping[str, Mapping[Family, Table]]:
    """Of every device in `present`, in both families; prefixes of others are not there."""
    there = {hostname: intents[hostname] for hostname in sorted(present)}
    by_family = {family: _tables(there, family) for family in FAMILIES}
    return {hostname: {family: by_family[family][hostname] for family in FAMILIES} for hostname in there}


def origins(
    intents: Mapping[str, DeviceIntent], present: Collection[str]
) -> Mapping[Network, frozenset[str]]:
    """Whose each prefix is: the sites of the devices in `present` that have it, or announce it as a whole."""
    found: dict[Network, frozenset[str]] = {}
    for intent in (intents[hostname] for hostname in present):
        for network in (
            each for family in FAMILIES for each in (*_own(intent, family), *_dropped(intent, family))
        ):
            found[network] = found.get(network, frozenset()) | {intent.site}
    return found


def _tables(there: Mapping[str, DeviceIntent], family: Family) -> Mapping[str, Table]:
    carried = _carried(there, family)
    links = frozenset(
        network
        for intent in there.values()
        for interface in intent.interfaces
        if interface.kind in ("link", "peering") and (network := _network(interface, family)) is not None
    )
    speaking = _speaking(there, family)
    default = any(intent.default_originate for intent in there.values())
    shared: dict[frozenset[Network], frozenset[Network]] = {}
    found = {}
    for hostname, intent in there.items():
        brought = _brought(there, family, speaking.get(hostname, ()), carried[hostname])
        expected = carried[hostname].union(_own(intent, family), _dropped(intent, family), brought)
        found[hostname] = Table(
            expected=shared.setdefault(expected, expected),  # most routers know the same
            links=links,
            static=frozenset((*_dropped(intent, family), *_unmanaged(intent, family))),
            interfaces=frozenset(each.name for each in intent.interfaces),
            city=_of(family, intent.bgp.city) if intent.bgp else (),
            default=default,
        )
    return found


def _network(interface: Interface, family: Family) -> Network | None:
    """Of an interface that is not held, where it has an address."""
    address = interface.ipv4 if family == "ipv4" else interface.ipv6
    return address.network if interface.enabled and address is not None else None


def _own(intent: DeviceIntent, family: Family) -> Iterator[Network]:
    """What it is connected to."""
    for interface in intent.interfaces:
        network = _network(interface, family)
        if interface.kind in ("loopback", "lan") and network is not None:
            yield network


def _dropped(intent: DeviceIntent, family: Family) -> tuple[Network, ...]:
    """What it announces and does not have: the rest of it must not follow the default route."""
    if intent.bgp is None:
        return ()
    return _of(family, intent.bgp.city if intent.bgp.external else intent.bgp.originates)


def _of(family: Family, networks: Collection[Network]) -> tuple[Network, ...]:
    return tuple(network for network in networks if f"ipv{network.version}" == family)


def _unmanaged(intent: DeviceIntent, family: Family) -> Iterator[Network]:
    """Prefixes of static routes that are none of ours."""
    start = "ip route " if family == "ipv4" else "ipv6 route "
    for line in intent.kept:
        if line[0].startswith(start):
            with suppress(ValueError):  # FRR will refuse it
                yield ip_network(line[0].removeprefix(start).split()[0], strict=False)


@dataclass(frozen=True, slots=True)
class _Span:
    """Routers of one area that reach each other inside of it, and what they announce there."""

    is_backbone: bool
    members: frozenset[str]
    networks: frozenset[Network]


def _carried(there: Mapping[str, DeviceIntent], family: Family) -> Mapping[str, frozenset[Network]]:
    """By router, the loopbacks and LANs that OSPF brings it (RFC 2328, 12.4.3 and 16.2).

    Areas learn of each other through the backbone only, and only from routers that are in both.
    """
    spans = tuple(_spans(there, family))
    found = {}
    for hostname in there:
        own = [span for span in spans if hostname in span.members]
        backbones = [span for span in own if span.is_backbone] or [
            span for span in spans if span.is_backbone and any(span.members & mine.members for mine in own)
        ]
        beyond = [span for span in spans if any(span.members & each.members for each in backbones)]
        found[hostname] = frozenset[Network]().union(*(span.networks for span in (*own, *beyond)))
    return found


def _spans(there: Mapping[str, DeviceIntent], family: Family) -> Iterator[_Span]:
    from networkx import connected_components

    for area, graph in area_graphs(there, family).items():
        for members in connected_components(graph.to_undirected(reciprocal=True)):
            networks = (
                network
                for hostname in members
                for interface in there[hostname].interfaces
                if interface.kind in ("loopback", "lan")
                and (ospf := ospf_of(interface, family)) is not None
                and ospf.area == area
                and (network := _network(interface, family)) is not None
            )
            yield _Span(area == BACKBONE, frozenset(members), frozenset(networks))


def _speaking(there: Mapping[str, DeviceIntent], family: Family) -> Mapping[str, frozenset[str]]:
    """By router that speaks BGP, those whose announcements reach it: the cores pass on all that they have."""
    from networkx import Graph, connected_components

    sessions: Graph[str] = Graph()
    for hostname, intent in there.items():
        if intent.bgp is None:
            continue
        sessions.add_node(hostname)
        for neighbour in intent.bgp.neighbours:
            if neighbour.name in there and family in neighbour.families:
                sessions.add_edge(hostname, neighbour.name)
    return {
        hostname: frozenset(members) for members in connected_components(sessions) for hostname in members
    }


def _brought(
    there: Mapping[str, DeviceIntent],
    family: Family,
    speakers: Collection[str],
    carried: Collection[Network],
) -> Iterator[Network]:
    """Aggregates of speakers whose loopbacks, the next hops, are reached."""
    for speaker in speakers:
        intent = there[speaker]
        loopbacks = (_network(each, family) for each in intent.interfaces if each.kind == "loopback")
        if intent.bgp and any(loopback in carried for loopback in loopbacks):
            yield from _of(family, intent.bgp.originates)
