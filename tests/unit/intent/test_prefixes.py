"""What a routing table is to have: by area, session and IPv6 stage."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from ipaddress import ip_network

from infra_ctl.intent import DeviceIntent
from infra_ctl.intent.paths import Family
from infra_ctl.intent.prefixes import Table, tables

Intents = dict[str, DeviceIntent]


def table(
    intents: Intents, hostname: str, family: Family = "ipv4", present: Collection[str] | None = None
) -> Table:
    return tables(intents, present or list(intents))[hostname][family]


def loopback(intents: Intents, hostname: str) -> object:
    return ip_network(intents[hostname].router_id)


def lans(intents: Intents, hostname: str, family: Family = "ipv4") -> set[object]:
    addresses = (getattr(each, family) for each in intents[hostname].interfaces if each.kind == "lan")
    return {address.network for address in addresses if address is not None}


def test_a_ward_knows_loopbacks_and_lans_of_all_and_no_aggregate(intents: Intents) -> None:
    found = table(intents, "nk-an-hoa-ce1")
    for hostname in intents:
        assert loopback(intents, hostname) in found.expected
        assert lans(intents, hostname) <= found.expected
    pop = intents["nk-pop1"].bgp
    assert pop is not None
    assert found.expected.isdisjoint(pop.originates)
    assert not found.expected & found.links
    assert found.city == ()


def test_who_speaks_bgp_knows_the_aggregates_of_all_that_speak_its_family(intents: Intents) -> None:
    pop, edge = intents["nk-pop1"].bgp, "dc-edge1"
    assert pop is not None
    assert set(pop.originates) <= table(intents, edge).expected | table(intents, edge, "ipv6").expected
    assert set(pop.originates) <= table(intents, "bk-r1").expected | table(intents, "bk-r1", "ipv6").expected


def test_without_a_core_nothing_is_passed_on(intents: Intents) -> None:
    found = table(intents, "dc-edge1", present=["dc-edge1", "nk-pop1", "nk-an-hoa-ce1"])
    assert found.expected.isdisjoint(intents["nk-pop1"].bgp.originates)  # type: ignore[union-attr]
    assert loopback(intents, "nk-pop1") not in found.expected


def test_areas_learn_of_each_other_through_the_backbone_only(intents: Intents) -> None:
    wards = ["nk-an-hoa-ce1", "nk-pop1", "bt-pop1", "bt-long-hoa-ce1"]
    found = table(intents, "nk-an-hoa-ce1", present=wards)
    assert lans(intents, "nk-an-hoa-ce1") <= found.expected
    assert loopback(intents, "bt-long-hoa-ce1") not in found.expected
    whole = table(intents, "nk-an-hoa-ce1", present=[*wards, "dc-core1"])
    assert loopback(intents, "bt-long-hoa-ce1") in whole.expected


def test_of_ipv6_a_site_knows_what_its_stage_has(intents: Intents) -> None:
    assert table(intents, "nk-an-hoa-ce1", "ipv6").expected == frozenset()  # none
    own = table(intents, "bt-long-hoa-ce1", "ipv6").expected  # addressed: nobody tells it anything
    assert {network.prefixlen for network in own} == {128}
    assert len(own) == 1
    dual = table(intents, "nk-cai-khe-ce1", "ipv6").expected
    assert lans(intents, "hq-so-tttt-ce1", "ipv6") <= dual
    assert not own & dual


def test_a_held_lan_is_not_expected_anywhere(intents: Intents) -> None:
    ward = intents["nk-an-hoa-ce1"]
    shut = tuple(
        replace(each, enabled=False, ospf=None) if each.kind == "lan" else each for each in ward.interfaces
    )
    held = {**intents, "nk-an-hoa-ce1": replace(ward, interfaces=shut)}
    for hostname in ("nk-an-hoa-ce1", "dc-core1"):
        assert lans(intents, "nk-an-hoa-ce1").isdisjoint(table(held, hostname).expected)


def test_static_is_what_is_announced_and_what_was_declared(intents: Intents) -> None:
    pop = table(intents, "nk-pop1")
    assert ip_network("192.0.2.0/24") in pop.static
    assert pop.static >= {each for each in intents["nk-pop1"].bgp.originates if each.version == 4}  # type: ignore[union-attr]
    assert table(intents, "nk-an-hoa-ce1").static == frozenset()
