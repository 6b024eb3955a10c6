"""What must hold: adjacencies as drivers name them, and questions that have an answer."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

from infra_ctl.intent import DeviceIntent
from infra_ctl.intent.expectations import LINK_LOCAL, Adjacency, Reachable, device_expectations, reachability

Intents = dict[str, DeviceIntent]
CORES = ("dc-core1", "dc-core2")


def adjacencies(intents: Intents, hostname: str, present: list[str] | None = None) -> set[Adjacency]:
    found = device_expectations(intents, present or list(intents), ["cpt-1"])
    (one,) = [each for each in found if each.hostname == hostname]
    assert len(set(one.adjacencies)) == len(one.adjacencies)
    return set(one.adjacencies)


def asked(intents: Intents, target: str, present: list[str] | None = None) -> list[Reachable]:
    found = reachability(intents, present or list(intents), CORES)
    return [each for each in found if each.target == target]


def test_a_dual_ward(intents: Intents) -> None:
    assert adjacencies(intents, "nk-cai-khe-ce1") == {
        Adjacency("ospf", "eth0", "10.0.1.1", "nk-pop1"),
        Adjacency("bfd", "eth0", "10.1.17.0", "nk-pop1"),
        Adjacency("ospf6", "eth0", "10.0.1.1", "nk-pop1"),
        Adjacency("bfd", "eth0", LINK_LOCAL, "nk-pop1"),
        Adjacency("ospf", "eth1", "10.0.3.1", "bt-pop1"),
        Adjacency("bfd", "eth1", "10.1.17.2", "bt-pop1"),  # bt is only addressed: no OSPFv3
    }


def test_an_edge(intents: Intents) -> None:
    found = adjacencies(intents, "dc-edge1")
    assert Adjacency("bgp", "", "10.0.16.1", "dc-core1") in found
    assert Adjacency("bgp", "", "2001:db8:9200::1:2", "dc-core1") in found
    assert Adjacency("bgp", "", "192.0.2.1", "cpt-1") in found
    assert len(found) == 2 * 4 + 2 * 2 + 2


def test_every_adjacency_has_its_other_end(intents: Intents) -> None:
    counts: dict[tuple[str, str, str], int] = {}
    for each in device_expectations(intents, list(intents)):
        for adjacency in each.adjacencies:
            ends = (*sorted((each.hostname, adjacency.peer)), adjacency.protocol)
            counts[ends] = counts.get(ends, 0) + 1
    assert counts
    assert all(count % 2 == 0 for count in counts.values())


def test_a_slice_knows_only_itself(intents: Intents) -> None:
    present = ["nk-cai-khe-ce1", "bt-pop1"]
    assert {each.peer for each in adjacencies(intents, "nk-cai-khe-ce1", present)} == {"bt-pop1"}
    assert {each.peer for each in adjacencies(intents, "bt-pop1", present)} == {"nk-cai-khe-ce1"}
    assert [each.hostname for each in device_expectations(intents, present)] == ["bt-pop1", "nk-cai-khe-ce1"]


def test_interfaces_are_those_of_the_intent(intents: Intents) -> None:
    for each in device_expectations(intents, list(intents)):
        assert each.interfaces == intents[each.hostname].interfaces


def test_questions_to_a_ward_without_ipv6(intents: Intents) -> None:
    found = asked(intents, "nk-an-hoa-ce1")
    assert {each.address.version for each in found} == {4}
    assert len(found) == len(CORES) * (1 + 6)
    assert {each.source for each in found} == set(CORES)
    assert {each.what for each in found} >= {"loopback", "LAN video"}


def test_questions_to_a_dual_ward_are_of_both_families(intents: Intents) -> None:
    found = asked(intents, "nk-cai-khe-ce1")
    assert len(found) == len(CORES) * 2 * (1 + 6)
    (video,) = [
        each
        for each in found
        if each.address == ip_address("2001:db8:9241:1040::1") and each.source == "dc-core2"
    ]
    assert video.source_address == ip_address("2001:db8:9200::1:3")
    assert video.mtu == 1500


def test_a_ward_that_lost_its_first_circuit_is_asked_through_the_second(intents: Intents) -> None:
    present = [host for host in intents if host != "nk-pop1"]
    found = asked(intents, "nk-cai-khe-ce1", present)
    assert {each.mtu for each in found} == {1400}
    assert {each.address.version for each in found} == {4}


def test_v6only_lans_are_asked_over_ipv6_alone(at_stage: Callable[..., Intents]) -> None:
    found = asked(at_stage(nk_an_hoa="v6only"), "nk-an-hoa-ce1")
    lans = {(each.what, each.address.version) for each in found}
    assert ("LAN video", 6) in lans
    assert ("LAN video", 4) not in lans
    assert ("LAN management", 4) in lans


def test_what_nothing_leads_to_is_not_asked(intents: Intents) -> None:
    assert asked(intents, "nk-an-hoa-ce1", ["dc-core1", "dc-core2", "nk-an-hoa-ce1"]) == []


def test_zones_that_two_routers_share_are_not_asked_for(intents: Intents) -> None:
    assert {each.what for each in asked(intents, "dc-core1")} == {"loopback"}
    assert "zone servers" in {each.what for each in asked(intents, "bk-r1")}


def test_a_core_does_not_ask_itself(intents: Intents) -> None:
    assert {each.source for each in asked(intents, "dc-core1")} == {"dc-core2"}
