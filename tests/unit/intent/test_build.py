"""From the small city to what each device should be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from ipaddress import ip_address, ip_interface, ip_network

import pytest

from infra_ctl.intent import DeviceIntent, allocate, build
from infra_ctl.intent.interfaces import MAX_COST
from infra_ctl.intent.model import BgpNeighbour, Interface
from infra_ctl.intent.paths import paths
from infra_ctl.inventory import Inventory
from infra_ctl.inventory.devices import is_isolated
from infra_ctl.inventory.models import Hold

Intents = dict[str, DeviceIntent]
AtStage = Callable[..., Intents]


def interface(intents: Intents, hostname: str, name: str) -> Interface:
    (found,) = [each for each in intents[hostname].interfaces if each.name == name]
    return found


def names(intents: Intents, hostname: str) -> list[str]:
    return [each.name for each in intents[hostname].interfaces]


def neighbours(intents: Intents, hostname: str) -> list[BgpNeighbour]:
    bgp = intents[hostname].bgp
    assert bgp is not None
    return list(bgp.neighbours)


def test_one_intent_a_device_sorted(small: Inventory, intents: Intents) -> None:
    assert list(intents) == sorted(intents)
    assert len(intents) == 10
    assert intents == build(small, allocate(small, {}))


def test_interfaces_are_in_the_order_of_frr(intents: Intents) -> None:
    assert names(intents, "nk-cai-khe-ce1") == [
        *("eth0", "eth1", "eth2.10", "eth2.20", "eth2.30", "eth2.40", "eth2.70", "eth2.160", "lo")
    ]


def test_a_wards_link(intents: Intents) -> None:
    link = interface(intents, "nk-cai-khe-ce1", "eth1")
    assert link.description == "to bt-pop1 eth40, circuit nk-cai-khe-2"
    assert (link.kind, link.mtu, link.mbps, link.bfd) == ("link", 1400, 20, True)
    assert (link.circuit, link.neighbour) == ("nk-cai-khe-2", "bt-pop1")
    assert link.ipv4 == ip_interface("10.1.17.3/31")
    assert link.ospf is not None
    assert (str(link.ospf.area), link.ospf.passive, link.ospf.secret) == ("0.0.0.1", False, "vault:ospf/key")


@pytest.mark.parametrize(("mbps", "cost"), [(1, 65535), (2, None)])
def test_a_link_too_slow_for_16_bits_has_its_cost_written(
    small: Inventory, mbps: int, cost: int | None
) -> None:
    slow = small.circuits["nk-cai-khe-1"].model_copy(update={"mbps": mbps})
    city = small.model_copy(update={"circuits": {**small.circuits, slow.id: slow}})
    link = interface(build(city, allocate(city, {})), "nk-cai-khe-ce1", "eth0")
    assert link.ospf is not None
    assert link.ospf6 is not None
    assert (link.ospf.cost, link.ospf6.cost) == (cost, cost)


def test_both_ends_of_every_link_agree(intents: Intents) -> None:
    links = [(host, each) for host in intents for each in intents[host].interfaces if each.kind == "link"]
    for host, near in links:
        assert near.neighbour is not None
        (far,) = [each for other, each in links if each.circuit == near.circuit and other != host]
        assert (far.neighbour, far.mtu, far.mbps, far.bfd) == (host, near.mtu, near.mbps, near.bfd)
        assert (far.ospf, far.ospf6) == (near.ospf, near.ospf6)
        assert near.ipv4 is not None
        assert far.ipv4 is not None
        assert near.ipv4.network == far.ipv4.network
        assert near.ipv4 != far.ipv4
        assert (near.ipv6 is None) is (far.ipv6 is None)


def test_zones_are_shared_by_both_cores(intents: Intents) -> None:
    first, second = (interface(intents, host, "eth1.20") for host in ("dc-core1", "dc-core2"))
    assert (first.ipv4, second.ipv4) == (ip_interface("10.18.0.2/24"), ip_interface("10.18.0.3/24"))
    assert (first.ipv6, second.ipv6) == (
        ip_interface("2001:db8:9212::2/64"),
        ip_interface("2001:db8:9212::3/64"),
    )
    assert first.circuit == second.circuit == "dc:servers"
    assert first.router_advertisement is None


def test_loopback_is_router_id_and_management_address(intents: Intents) -> None:
    device = intents["nk-cai-khe-ce1"]
    assert device.router_id == device.management == ip_address("10.0.1.16")
    assert interface(intents, "nk-cai-khe-ce1", "lo").ipv4 == ip_interface("10.0.1.16/32")


@pytest.mark.parametrize(
    ("stage", "loopback", "link", "routed", "lan", "preference"),
    [
        ("none", False, False, False, False, None),
        ("planned", False, False, False, False, None),
        ("addressed", True, True, False, False, None),
        ("routed", True, True, True, False, None),
        ("dual", True, True, True, True, "medium"),
        ("preferred", True, True, True, True, "high"),
        ("v6only", True, True, True, True, "high"),
    ],
)
def test_stages(
    at_stage: AtStage, stage: str, loopback: bool, link: bool, routed: bool, lan: bool, preference: str | None
) -> None:
    intents = at_stage(nk_an_hoa=stage)
    host = "nk-an-hoa-ce1"
    lo, uplink, video = (interface(intents, host, name) for name in ("lo", "eth0", "eth2.40"))
    assert (lo.ipv6 is not None, uplink.ipv6 is not None, video.ipv6 is not None) == (loopback, link, lan)
    assert (lo.ospf6 is not None, uplink.ospf6 is not None, video.ospf6 is not None) == (routed, routed, lan)
    assert intents[host].ospf6 is routed
    assert video.router_advertisement == preference
    assert (video.ipv4 is None) is (stage == "v6only")
    assert (video.ospf is None) is (stage == "v6only")
    assert interface(intents, host, "eth2.160").ipv4 is not None
    assert uplink.ipv4 is not None


def test_a_link_waits_for_its_other_end(at_stage: AtStage) -> None:
    intents = at_stage(nk_an_hoa="dual", nk="addressed")
    assert interface(intents, "nk-an-hoa-ce1", "eth0").ospf6 is None
    assert interface(intents, "nk-an-hoa-ce1", "eth0").ipv6 is not None
    assert interface(intents, "nk-an-hoa-ce1", "eth2.40").ospf6 is not None


def test_wards_run_no_bgp_and_everybody_else_does(intents: Intents) -> None:
    speakers = {host for host, intent in intents.items() if intent.bgp is not None}
    assert speakers == {"dc-core1", "dc-core2", "dc-edge1", "bk-r1", "nk-pop1", "bt-pop1"}


def test_reflectors_and_clients(intents: Intents) -> None:
    groups = {(each.name, each.families): each.group for each in neighbours(intents, "dc-core1")}
    assert groups["dc-core2", ("ipv4",)] == "core"
    assert groups["dc-edge1", ("ipv6",)] == "reflector"
    assert ("bt-pop1", ("ipv4",)) in groups
    assert ("bt-pop1", ("ipv6",)) not in groups  # bt is only addressed
    assert {each.name for each in neighbours(intents, "nk-pop1")} == {"dc-core1", "dc-core2"}
    assert {each.group for each in neighbours(intents, "nk-pop1")} == {"client"}


def test_bgp_neighbours_are_in_the_order_of_frr(intents: Intents) -> None:
    addresses = [each.address for each in neighbours(intents, "dc-core1")]
    assert addresses == sorted(addresses, key=lambda address: (address.version, int(address)))


def test_only_edges_know_the_world(intents: Intents) -> None:
    edge = intents["dc-edge1"]
    assert edge.bgp is not None
    assert edge.bgp.external
    assert edge.default_originate
    assert [host for host in intents if intents[host].default_originate] == ["dc-edge1"]
    outside = [each for each in edge.bgp.neighbours if each.group == "external"]
    assert [(str(each.address), each.remote_as, each.secret, each.max_prefixes) for each in outside] == [
        ("192.0.2.1", 64496, "vault:bgp/cpt", 5000),
        ("2001:db8:ffff:1::1", 64496, "vault:bgp/cpt", 5000),
    ]
    assert interface(intents, "dc-edge1", "eth0").ospf is None


def test_who_announces_what(intents: Intents) -> None:
    announced = {
        host: [str(network) for network in intent.bgp.originates]
        for host, intent in intents.items()
        if intent.bgp is not None
    }
    assert announced["nk-pop1"] == ["10.65.0.0/16", "2001:db8:9241::/48"]
    assert announced["bt-pop1"] == ["10.67.0.0/16"]  # no IPv6 is routed there yet
    assert announced["dc-core1"] == announced["dc-core2"]
    assert announced["dc-core1"] == [
        "10.16.0.0/12",
        "10.48.0.0/16",
        "2001:db8:9210::/44",
        "2001:db8:9230::/48",
    ]
    assert announced["bk-r1"] == ["10.32.0.0/12", "2001:db8:9220::/44"]
    assert announced["dc-edge1"] == []


def test_a_site_that_was_put_outside_is_announced_by_its_pop_and_belongs_to_the_city(
    small: Inventory,
) -> None:
    addressing = small.addressing.model_copy(
        update={"overrides": {"nk-an-hoa site-ipv4": ip_network("172.16.3.0/24")}}
    )
    city = small.model_copy(update={"addressing": addressing})
    intents = build(city, allocate(city, {}))
    pop, edge = intents["nk-pop1"].bgp, intents["dc-edge1"].bgp
    assert pop is not None
    assert edge is not None
    assert ip_network("172.16.3.0/24") in pop.originates
    assert [str(network) for network in edge.city] == ["10.0.0.0/8", "172.16.3.0/24", "2001:db8:9200::/40"]


def test_unmanaged_lines_stay(intents: Intents) -> None:
    assert intents["nk-pop1"].kept == (("ip route 192.0.2.0/24 blackhole",),)
    assert intents["bt-pop1"].kept == ()


def test_services_are_addresses(intents: Intents) -> None:
    device = intents["nk-an-hoa-ce1"]
    assert device.dns == device.syslog == (ip_address("10.20.0.16"), ip_address("2001:db8:9214::16"))
    assert device.rdnss == (ip_address("2001:db8:9214::16"),)


@pytest.mark.parametrize(
    ("hostname", "uplinks"),
    [
        ("nk-an-hoa-ce1", {"eth0": ["10.1.17.16"]}),
        (
            "nk-cai-khe-ce1",
            {"eth0": ["10.1.17.0", "2001:db8:9201:1100::"], "eth1": ["10.1.17.2", "2001:db8:9201:1101::"]},
        ),
        ("dc-core1", {}),
    ],
)
def test_an_uplink_has_the_address_of_its_other_end_in_the_families_of_its_stage(
    intents: Intents, hostname: str, uplinks: dict[str, list[str]]
) -> None:
    found = {each.name: list(map(str, each.gateways)) for each in intents[hostname].uplinks}
    assert found == uplinks


def test_every_device_but_the_cores_has_an_uplink_and_cores_among_themselves_none(intents: Intents) -> None:
    without = {hostname for hostname, intent in intents.items() if not intent.uplinks}
    assert without == {hostname for hostname, intent in intents.items() if intent.role == "core"}


def test_a_drained_router_s_links_are_the_last_that_anybody_takes(small: Inventory) -> None:
    """In both families; its loopback, its LANs and everybody else are as before."""
    hold = Hold(object="nk-pop1", effect="drain", reason="fibre", until=date(2099, 1, 1))
    held = small.model_copy(update={"holds": (hold,)})
    before, after = build(small, allocate(small, {})), build(held, allocate(held, {}))
    assert [host for host in after if after[host] != before[host]] == ["nk-pop1"]
    pop = after["nk-pop1"]
    assert pop.drained
    for interface in pop.interfaces:
        wanted = MAX_COST if interface.kind == "link" else None
        assert {each.cost for each in (interface.ospf, interface.ospf6) if each} <= {wanted}
    assert paths(before, "dc-core1", "ipv4")["nk-an-hoa-ce1"].cost < MAX_COST
    assert paths(after, "dc-core1", "ipv4")["nk-an-hoa-ce1"].cost > MAX_COST
    assert paths(after, "dc-core1", "ipv4")["nk-pop1"].cost < MAX_COST


def isolated(small: Inventory, name: str) -> Intents:
    hold = Hold(object=name, effect="isolate", reason="malware", until=date(2099, 1, 1))
    held = small.model_copy(update={"holds": (hold,)})
    return build(held, allocate(held, {}))


@pytest.mark.parametrize("name", ["nk-cai-khe", "nk-cai-khe-ce1"])
def test_an_isolated_ward_s_lans_are_shut_and_announced_to_nobody(
    small: Inventory, intents: Intents, name: str
) -> None:
    """Its loopback, its links and its management LAN are as before, and so is everybody else."""
    after = isolated(small, name)
    assert [host for host in after if after[host] != intents[host]] == ["nk-cai-khe-ce1"]
    assert after["nk-cai-khe-ce1"].isolated
    before = {each.name: each for each in intents["nk-cai-khe-ce1"].interfaces}
    shut = [each for each in after["nk-cai-khe-ce1"].interfaces if each != before[each.name]]
    assert [each.name for each in shut] == ["eth2.10", "eth2.20", "eth2.30", "eth2.40", "eth2.70"]
    for each in shut:
        assert (each.enabled, each.ospf, each.ospf6, each.router_advertisement) == (False, None, None, None)
        assert (each.ipv4, each.ipv6) == (before[each.name].ipv4, before[each.name].ipv6)
    assert before["eth2.160"].description == "LAN management"


def test_an_isolated_host_changes_no_router(small: Inventory, intents: Intents) -> None:
    (host, *_) = small.hosts.values()
    assert isolated(small, host.id) == intents
    hold = Hold(object=host.id, effect="isolate", reason="malware", until=date(2099, 1, 1))
    held = small.model_copy(update={"holds": (hold,)})
    assert [each for each in held.hosts.values() if is_isolated(each, held)] == [host]
    whole = small.model_copy(update={"holds": (hold.model_copy(update={"object": host.site}),)})
    of_site = [each for each in whole.hosts.values() if each.site == host.site]
    assert [each for each in whole.hosts.values() if is_isolated(each, whole)] == of_site
