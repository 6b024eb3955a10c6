"""OSPF's ways through small networks that were worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

import pytest

from infra_ctl.intent import DeviceIntent
from infra_ctl.intent.model import Interface, Ospf
from infra_ctl.intent.paths import Path, cost, paths

BACKBONE, AREA = IPv4Address("0.0.0.0"), IPv4Address("0.0.0.1")
Wire = tuple[str, str, IPv4Address, int, int]
"""Two hostnames, area, Mbit/s, MTU."""


def network(
    template: DeviceIntent, homes: dict[str, IPv4Address], wires: list[Wire]
) -> dict[str, DeviceIntent]:
    """Devices of nothing but loopbacks and links."""
    interfaces = {hostname: [loopback(area)] for hostname, area in homes.items()}
    for number, (a, z, area, mbps, mtu) in enumerate(wires):
        for own, far in ((a, z), (z, a)):
            interfaces[own].append(link(f"eth{number}", far, area, mbps, mtu))
    return {
        hostname: replace(template, hostname=hostname, reference_mbps=1000, interfaces=tuple(found))
        for hostname, found in interfaces.items()
    }


def loopback(area: IPv4Address) -> Interface:
    address = IPv4Interface("10.0.0.1/32")
    return Interface("lo", "loopback", "loopback", 65536, address, None, Ospf(area, passive=True), None)


def link(name: str, far: str, area: IPv4Address, mbps: int, mtu: int) -> Interface:
    return Interface(
        name,
        "link",
        far,
        mtu,
        None,
        None,
        Ospf(area, passive=False),
        None,
        mbps=mbps,
        circuit=name,
        neighbour=far,
    )


@pytest.fixture
def template(intents: dict[str, DeviceIntent]) -> DeviceIntent:
    return intents["nk-pop1"]


def test_the_smallest_mtu_of_the_shortest_way(template: DeviceIntent) -> None:
    homes = dict.fromkeys("abcd", BACKBONE)
    wires = [
        ("a", "b", BACKBONE, 1000, 1500),
        ("b", "d", BACKBONE, 500, 1400),
        ("a", "c", BACKBONE, 100, 1300),
        ("c", "d", BACKBONE, 1000, 1500),
    ]
    found = paths(network(template, homes, wires), "a", "ipv4")
    assert found["d"] == Path(cost=3, mtu=1400)
    assert found["c"] == Path(cost=4, mtu=1400)
    assert found["a"].cost == 0


def test_of_equally_short_ways_the_smallest_mtu_counts(template: DeviceIntent) -> None:
    homes = dict.fromkeys("abcd", BACKBONE)
    wires = [
        ("a", "b", BACKBONE, 1000, 1500),
        ("b", "d", BACKBONE, 1000, 1500),
        ("a", "c", BACKBONE, 1000, 1300),
        ("c", "d", BACKBONE, 1000, 1500),
    ]
    assert paths(network(template, homes, wires), "a", "ipv4")["d"] == Path(cost=2, mtu=1300)


@pytest.mark.parametrize(("second", "mtu"), [(1000, 1300), (10, 1500)])
def test_two_circuits_side_by_side(template: DeviceIntent, second: int, mtu: int) -> None:
    wires = [("a", "b", BACKBONE, 1000, 1500), ("a", "b", BACKBONE, second, 1300)]
    found = paths(network(template, dict.fromkeys("ab", BACKBONE), wires), "a", "ipv4")
    assert found["b"] == Path(cost=1, mtu=mtu)


def test_an_area_is_entered_where_the_whole_way_is_shortest(template: DeviceIntent) -> None:
    """`w` hangs on two border routers; the farther one has the better circuit."""
    homes = {"core": BACKBONE, "near": BACKBONE, "far": BACKBONE, "w": AREA}
    wires = [
        ("core", "near", BACKBONE, 1000, 1500),
        ("core", "far", BACKBONE, 500, 1500),
        ("near", "w", AREA, 10, 1400),
        ("far", "w", AREA, 100, 1500),
    ]
    assert paths(network(template, homes, wires), "core", "ipv4")["w"] == Path(cost=12, mtu=1500)


def test_a_border_router_stays_in_the_area(template: DeviceIntent) -> None:
    """The core is itself in the area of `w`: it takes the slow circuit there, not the short cut outside."""
    homes = {"core": BACKBONE, "pop": BACKBONE, "w": AREA}
    wires = [
        ("core", "w", AREA, 10, 1400),
        ("core", "pop", BACKBONE, 1000, 1500),
        ("pop", "w", AREA, 1000, 1500),
    ]
    assert paths(network(template, homes, wires), "core", "ipv4")["w"] == Path(cost=100, mtu=1400)


def test_backbone_routers_are_not_reached_through_an_area(template: DeviceIntent) -> None:
    homes = {"core": BACKBONE, "pop": BACKBONE, "w": AREA}
    wires = [("core", "w", AREA, 1000, 1500), ("w", "pop", AREA, 1000, 1500)]
    assert paths(network(template, homes, wires), "core", "ipv4").keys() == {"core", "w"}


def test_what_is_not_there_carries_nothing(template: DeviceIntent) -> None:
    wires = [("a", "b", BACKBONE, 1000, 1500), ("b", "c", BACKBONE, 1000, 1500)]
    whole = network(template, dict.fromkeys("abc", BACKBONE), wires)
    assert paths(whole, "a", "ipv4").keys() == {"a", "b", "c"}
    assert paths({host: whole[host] for host in "ac"}, "a", "ipv4").keys() == {"a"}


def test_no_ospf3_no_way(template: DeviceIntent) -> None:
    wires = [("a", "b", BACKBONE, 1000, 1500)]
    assert paths(network(template, dict.fromkeys("ab", BACKBONE), wires), "a", "ipv6") == {}


@pytest.mark.parametrize(("mbps", "expected"), [(1000, 100), (30, 3333), (70, 1429), (None, 10), (100000, 1)])
def test_cost_is_rounded_as_frr_rounds(mbps: int | None, expected: int) -> None:
    """Seen in `show ip ospf interface` and its IPv6 kin, with a reference bandwidth of 100,000 Mbit/s."""
    interface = replace(link("eth0", "b", BACKBONE, 1, 1500), mbps=mbps)
    assert cost(interface, "ipv4", 100000) == expected


def test_a_written_cost_wins() -> None:
    interface = replace(link("eth0", "b", BACKBONE, 1, 1500), ospf=Ospf(BACKBONE, passive=False, cost=7))
    assert cost(interface, "ipv4", 100000) == 7
