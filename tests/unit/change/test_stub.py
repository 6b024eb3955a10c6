"""A router that nothing is to pass through, as FRR 8.4.4 was seen to treat it: OSPFv2 and OSPFv3 differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address

import pytest

from infra_ctl.change import normal, reading
from infra_ctl.change.reach import Reach

Network = Callable[[Mapping[str, str], Iterable[str]], Reach]

# core - pop1 - single, and the dual-homed ward between pop1 and pop2; the wards' area is 1.
WIRES = ("core/a pop1/a", "core/b pop2/a", "pop1/b ward/a", "pop2/b ward/b", "pop1/c single/a")
LINKS = {
    "core": ("a 1 0", "b 2 0"),
    "pop1": ("a 1 0", "b 3 1", "c 5 1"),
    "pop2": ("a 2 0", "b 4 1"),
    "ward": ("a 3 1", "b 4 1"),
    "single": ("a 5 1",),
}
LOOPBACKS = {"core": 1, "pop1": 2, "pop2": 3, "ward": 4, "single": 5}


def config(name: str, process4: str = "", process6: str = "") -> str:
    """Of a router; the first one of a wire by name has its even address."""
    number = LOOPBACKS[name]
    area = 0 if name in ("core", "pop1", "pop2") else 1
    text = (
        f"interface lo\n ip address 10.0.0.{number}/32\n ipv6 address 2001:db8::{number}/128\n"
        f" ip ospf area {area}\n ip ospf passive\n ipv6 ospf6 area {area}\n ipv6 ospf6 passive\nexit\n"
    )
    for link in LINKS[name]:
        interface, wire, its_area = link.split()
        low = name == min(each for each, links in LINKS.items() if any(f" {wire} " in one for one in links))
        end = 0 if low else 1
        text += (
            f"interface {interface}\n ip address 10.1.{wire}.{end}/31\n ip ospf area {its_area}\n"
            f" ip ospf network point-to-point\n ip ospf cost 10\n ipv6 address 2001:db8:{wire}::{end}/127\n"
            f" ipv6 ospf6 area {its_area}\n ipv6 ospf6 network point-to-point\n ipv6 ospf6 cost 10\nexit\n"
        )
    return (
        text
        + f"router ospf\n{process4}exit\nrouter ospf6\n ospf6 router-id 10.0.0.{number}\n{process6}exit\n"
    )


@pytest.fixture
def reach(network: Network) -> Reach:
    return network({name: config(name) for name in LINKS}, WIRES)


def way(reach: Reach, source: str, target: str, version: int) -> tuple[str, ...]:
    prefix = "10.0.0." if version == 4 else "2001:db8::"
    return reach.path(source, ip_address(f"{prefix}{LOOPBACKS[target]}")).hops


def change(reach: Reach, process4: str = "", process6: str = "") -> None:
    reach.topology.replace("pop1", reading.read(normal.parse(config("pop1", process4, process6))))


def test_without_it_the_first_pop_is_passed(reach: Reach) -> None:
    assert way(reach, "core", "single", 4) == way(reach, "core", "single", 6) == ("core", "pop1", "single")


def test_max_metric_is_a_last_resort_and_sends_its_own_wards_through_another(reach: Reach) -> None:
    change(reach, " max-metric router-lsa administrative\n")
    assert way(reach, "core", "ward", 4) == ("core", "pop2", "ward")
    assert way(reach, "ward", "core", 4) == ("ward", "pop2", "core")
    assert way(reach, "core", "single", 4) == ("core", "pop2", "ward", "pop1", "single")
    assert way(reach, "core", "pop1", 4) == ("core", "pop1")


def test_a_stub_router_is_reached_and_never_passed(reach: Reach) -> None:
    before = reach.topology.revision(6)
    change(reach, "", " stub-router administrative\n")
    assert reach.topology.revision(6) > before
    assert way(reach, "core", "ward", 6) == ("core", "pop2", "ward")
    assert not reach.path("core", ip_address("2001:db8::5")).ok
    assert way(reach, "core", "pop1", 6) == ("core", "pop1")
    assert way(reach, "pop1", "single", 6) == ("pop1", "single")


def test_a_ward_behind_a_stub_router_is_no_nearer_for_a_change_of_its_own(reach: Reach) -> None:
    change(reach, "", " stub-router administrative\n")
    for cost in (10, 7):
        changed = config("single").replace("ospf6 cost 10", f"ospf6 cost {cost}")
        reach.topology.replace("single", reading.read(normal.parse(changed)))
        assert not reach.path("ward", ip_address("2001:db8::5")).ok


def test_what_hangs_on_one_wire_is_found_though_no_way_leads_through_it(reach: Reach) -> None:
    for source in LINKS:
        for version in (4, 6):
            assert way(reach, source, "single", version)[-1:] == ("single",)
            assert way(reach, "single", source, version)[-1:] == (source,)
    assert [reach.topology.is_leaf(name) for name in LINKS] == [False, False, False, False, True]
    assert "single" in {link.peer for link in reach.topology.links("pop1", 4)}
    assert "single" not in {link.peer for link in reach.topology.through("pop1", 4)}
