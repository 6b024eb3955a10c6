"""A router whose neighbours and routing tables are as the inventory means them."""

from __future__ import annotations

from infra_ctl.drivers.base import DeviceState, Neighbour, Route
from infra_ctl.intent.expectations import LINK_LOCAL
from infra_ctl.verify.routing import RoutingExpectation


def as_meant(expected: RoutingExpectation) -> DeviceState:
    """Exactly what is expected, as a device would say it."""
    neighbours = tuple(
        Neighbour(each.protocol, each.interface, "fe80::1" if each.key == LINK_LOCAL else each.key, True, "")
        for each in expected.device.adjacencies
    )
    routes = tuple(
        Route(prefix, "static" if prefix in table.static else "ospf", frozenset({"eth0"}))
        for table in expected.tables.values()
        for prefix in table.expected
    )
    return DeviceState((), neighbours, routes)
