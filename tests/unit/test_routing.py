"""Neighbours and tables judged: what is missing, what is too much, and what is none of our business."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from infra_ctl.drivers.base import Neighbour, Route
from infra_ctl.verify.routing import Routing, RoutingExpectation, judge_routing, routing_expectations
from tests.unit.conftest import SmallCity
from tests.unit.meant import as_meant


def route(prefix: str, protocol: str, *interfaces: str) -> Route:
    return Route(ip_network(prefix), protocol, frozenset(interfaces))


@pytest.fixture
def expected(small: SmallCity) -> dict[str, RoutingExpectation]:
    return dict(routing_expectations(small.city, tuple(small.city.intents)))


def counted(routing: Routing) -> dict[str, tuple[int, int]]:
    return {family: (len(each.missing), len(each.unexpected)) for family, each in routing.tables.items()}


def test_what_is_as_meant_has_nothing_to_tell(expected: dict[str, RoutingExpectation]) -> None:
    for each in expected.values():
        found = judge_routing(each, as_meant(each))
        assert all(found.up.values())
        assert found.strangers == ()
        assert counted(found) == {"ipv4": (0, 0), "ipv6": (0, 0)}
        assert tuple(found.up) == each.peerings


def test_of_several_sessions_with_a_neighbour_all_have_to_be_up(
    expected: dict[str, RoutingExpectation],
) -> None:
    ward = expected["nk-cai-khe-ce1"]
    state = as_meant(ward)
    fallen = [
        replace(each, up=not (each.protocol == "bfd" and each.interface == "eth0" and ":" in each.key))
        for each in state.neighbours
    ]
    found = judge_routing(ward, replace(state, neighbours=tuple(fallen)))
    assert {peering for peering, is_up in found.up.items() if not is_up} == {("bfd", "nk-pop1")}

    without = tuple(each for each in state.neighbours if each.protocol != "ospf")
    found = judge_routing(ward, replace(state, neighbours=without))
    assert {peering for peering, is_up in found.up.items() if not is_up} == {
        ("ospf", "nk-pop1"),
        ("ospf", "bt-pop1"),
    }


def test_a_stranger_counts_once_it_is_up(expected: dict[str, RoutingExpectation]) -> None:
    ward = expected["nk-an-hoa-ce1"]
    state = as_meant(ward)
    stranger = Neighbour("ospf", "eth7", "10.9.9.9", up=True, detail="Full")
    for seen, strangers in ((stranger, (stranger,)), (replace(stranger, up=False), ())):
        found = judge_routing(ward, replace(state, neighbours=(*state.neighbours, seen)))
        assert found.strangers == strangers
        assert all(found.up.values())


def test_what_a_device_lacks_is_missing_in_its_family(expected: dict[str, RoutingExpectation]) -> None:
    ward = expected["nk-cai-khe-ce1"]
    state = as_meant(ward)
    lost = next(iter(ward.tables["ipv6"].expected))
    routes = tuple(each for each in state.routes or () if each.prefix != lost)
    found = judge_routing(ward, replace(state, routes=routes))
    assert found.tables["ipv6"].missing == {lost}
    assert counted(found)["ipv4"] == (0, 0)


def test_a_table_that_is_not_known_is_not_judged(expected: dict[str, RoutingExpectation]) -> None:
    ward = expected["nk-an-hoa-ce1"]
    assert judge_routing(ward, replace(as_meant(ward), routes=None)).tables == {}


BEYOND = "198.51.100.0/24"


@pytest.mark.parametrize(
    ("hostname", "seen", "is_unexpected"),
    [
        ("nk-an-hoa-ce1", route(BEYOND, "ospf", "eth0"), True),
        ("nk-an-hoa-ce1", route(BEYOND, "static"), True),
        ("nk-an-hoa-ce1", route(BEYOND, "kernel", "eth0"), True),
        ("nk-an-hoa-ce1", route(BEYOND, "connected", "eth0"), True),
        ("nk-an-hoa-ce1", route(BEYOND, "bgp", "eth0"), True),  # it speaks none
        ("nk-an-hoa-ce1", route("fe80::/64", "connected", "eth0"), False),
        ("nk-an-hoa-ce1", route("ff00::/8", "kernel", "eth0"), False),
        ("nk-an-hoa-ce1", route(BEYOND, "connected", "mgmt0"), False),  # not ours
        ("nk-an-hoa-ce1", route(BEYOND, "kernel", "mgmt0"), False),
        ("nk-an-hoa-ce1", route(BEYOND, "static", "mgmt0"), True),
        ("nk-an-hoa-ce1", route("0.0.0.0/0", "ospf", "eth0"), False),  # an edge tells of it
        ("nk-an-hoa-ce1", route("0.0.0.0/0", "static", "eth0"), True),
        ("nk-an-hoa-ce1", route("192.0.2.0/24", "static"), True),
        ("nk-pop1", route("192.0.2.0/24", "static"), False),  # declared unmanaged
        ("dc-edge1", route(BEYOND, "bgp", "eth0"), False),  # a peer's
        ("dc-edge1", route("::/0", "bgp", "eth0"), False),
        ("dc-edge1", route("10.250.0.0/16", "bgp", "eth0"), True),  # the city's, and nobody announces it
        ("dc-edge1", route("10.0.0.0/8", "static"), False),  # what it announces is dropped there
    ],
)
def test_what_explains_a_route(
    expected: dict[str, RoutingExpectation], hostname: str, seen: Route, is_unexpected: bool
) -> None:
    state = as_meant(expected[hostname])
    routes = tuple(each for each in state.routes or () if each.prefix != seen.prefix)
    tables = judge_routing(expected[hostname], replace(state, routes=(*routes, seen))).tables
    unexpected = {prefix for each in tables.values() for prefix in each.unexpected}
    assert unexpected == ({seen.prefix} if is_unexpected else set())


def test_a_static_route_is_not_excused_by_where_it_leads(expected: dict[str, RoutingExpectation]) -> None:
    ward = expected["nk-an-hoa-ce1"]
    state = as_meant(ward)
    routes = list(state.routes or ())
    routes[0] = replace(routes[0], protocol="static")
    found = judge_routing(ward, replace(state, routes=tuple(routes)))
    assert {family: each.unexpected for family, each in found.tables.items() if each.unexpected} == {
        f"ipv{routes[0].prefix.version}": {routes[0].prefix}
    }


def test_links_of_anybody_may_come_and_go(expected: dict[str, RoutingExpectation]) -> None:
    ward = expected["nk-an-hoa-ce1"]
    links = tuple(Route(each, "ospf", frozenset({"eth0"})) for each in ward.tables["ipv4"].links)
    state = as_meant(ward)
    assert links
    found = judge_routing(ward, replace(state, routes=(*(state.routes or ()), *links)))
    assert counted(found) == {"ipv4": (0, 0), "ipv6": (0, 0)}
