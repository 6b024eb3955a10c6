"""Neighbours and routing tables as they are, against those that are meant. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from infra_ctl.city import City
from infra_ctl.drivers.base import DeviceState, Neighbour, Network, Route
from infra_ctl.intent.bgp import inside
from infra_ctl.intent.expectations import DeviceExpectation, device_expectations
from infra_ctl.intent.paths import Family
from infra_ctl.intent.prefixes import Table, tables
from infra_ctl.verify.judgement import paired

Peering: TypeAlias = tuple[str, str]
"""A protocol, and the hostname of the neighbour or the id of the peer."""


@dataclass(frozen=True, slots=True)
class RoutingExpectation:
    """Of one device."""

    device: DeviceExpectation
    tables: Mapping[Family, Table]

    @property
    def peerings(self) -> tuple[Peering, ...]:
        """Sorted; several sessions with one neighbour over one protocol are one."""
        return tuple(sorted({(each.protocol, each.peer) for each in self.device.adjacencies}))


@dataclass(frozen=True, slots=True)
class Difference:
    """What a routing table lacks, and what it has too much."""

    missing: frozenset[Network]
    unexpected: frozenset[Network]


@dataclass(frozen=True, slots=True)
class Routing:
    """What was seen of one device's routing, as it was meant."""

    up: Mapping[Peering, bool]
    """Whether all sessions with a neighbour are."""
    strangers: tuple[Neighbour, ...]
    """Neighbours that are up and that nobody designed."""
    tables: Mapping[Family, Difference] = field(default_factory=dict)
    """Empty where the device's table is not known."""


def routing_expectations(city: City, there: Collection[str]) -> Mapping[str, RoutingExpectation]:
    """Of the devices `there`, which are all that exist, by hostname."""
    meant = tables(city.intents, there)
    devices = device_expectations(city.intents, there, tuple(city.inventory.peers))
    return {each.hostname: RoutingExpectation(each, meant[each.hostname]) for each in devices}


def judge_routing(expected: RoutingExpectation, state: DeviceState) -> Routing:
    """What a device has of what is meant, and what besides."""
    pairs, others = paired(expected.device, state)
    up = dict.fromkeys(expected.peerings, True)
    for adjacency, neighbour in pairs.items():
        up[adjacency.protocol, adjacency.peer] &= neighbour is not None and neighbour.up
    strangers = tuple(neighbour for neighbour in others if neighbour.up)
    if state.routes is None:
        return Routing(up, strangers)
    routes = state.routes
    differences = {family: _difference(family, table, routes) for family, table in expected.tables.items()}
    return Routing(up, strangers, differences)


def _difference(family: Family, table: Table, routes: Collection[Route]) -> Difference:
    own = [route for route in routes if f"ipv{route.prefix.version}" == family]
    return Difference(
        missing=table.expected.difference(route.prefix for route in own),
        unexpected=frozenset(route.prefix for route in own if not _is_explained(route, table)),
    )


def _is_explained(route: Route, table: Table) -> bool:
    """Whether something of the inventory, or of the world outside of it, is the reason for a route."""
    prefix = route.prefix
    if prefix.is_link_local or prefix.is_multicast or route.protocol == "local":
        return True
    if route.protocol in ("connected", "kernel") and route.interfaces.isdisjoint(table.interfaces):
        return bool(route.interfaces)  # of a port that the inventory does not have
    if route.protocol in ("static", "kernel"):
        return prefix in table.static  # even where it leads to what is meant
    if prefix in table.expected or prefix in table.links:
        return True
    if route.protocol == "bgp":
        return bool(table.city) and not any(inside(prefix, each) for each in table.city)
    return prefix.prefixlen == 0 and table.default and route.protocol.startswith("ospf")
