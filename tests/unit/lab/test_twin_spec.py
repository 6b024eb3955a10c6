"""From intents to a twin's spec, and from a spec to what ip(8) is told."""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from pathlib import Path
from typing import TypeAlias

import pytest

from infra_ctl.errors import LabError, UnknownError
from infra_ctl.intent.model import DeviceIntent
from infra_ctl.lab import wiring
from infra_ctl.lab.external import External
from infra_ctl.lab.model import End, Link, Segment, spec
from tests.unit.lab.conftest import interface

Intents: TypeAlias = dict[str, DeviceIntent]
CPT = External("cpt", "pass-word", (IPv4Network("198.51.100.0/24"), IPv6Network("2001:db8:ffff::/48")))


def test_a_circuit_joins_its_two_ends_with_the_smaller_mtu(intents: Intents) -> None:
    assert spec("t", intents).links == (
        Link("dc-core1-core2", End("dc-core1", "eth0"), End("dc-core2", "eth0"), 9000),
        Link("ward-1", End("dc-core2", "eth5"), End("ward-ce1", "eth0"), 1500),
    )


def test_a_zone_is_one_segment_of_both_routers(intents: Intents) -> None:
    segments = {segment.id: segment.ends for segment in spec("t", intents).segments}
    assert segments["dc/servers"] == (End("dc-core1", "eth1.110"), End("dc-core2", "eth1.110"))
    assert segments["ward/staff"] == (End("ward-ce1", "eth2.10"),)


def test_a_link_out_of_the_slice_is_a_stub(intents: Intents) -> None:
    sliced = spec("t", {"dc-core2": intents["dc-core2"]})
    assert sliced.links == ()
    assert sliced.segments == (
        Segment("dc-core1-core2", (End("dc-core2", "eth0"),), 9000),
        Segment("dc/servers", (End("dc-core2", "eth1.110"),), 1500),
        Segment("ward-1", (End("dc-core2", "eth5"),), 1600),
    )


def test_a_peering_without_its_external_is_a_stub(intents: Intents) -> None:
    twin = spec("t", intents)
    assert [node.hostname for node in twin.nodes] == ["dc-core1", "dc-core2", "ward-ce1"]
    assert Segment("cpt/dc-core1/eth9", (End("dc-core1", "eth9"),), 1400) in twin.segments


def test_a_peering_with_its_external_is_a_link_to_an_unmanaged_node(intents: Intents) -> None:
    twin = spec("t", intents, [CPT, External("nobody-asks-for-it")])
    assert Link("cpt/dc-core1/eth9", End("dc-core1", "eth9"), End("cpt", "eth0"), 1400) in twin.links
    assert [node.hostname for node in twin.nodes] == ["dc-core1", "dc-core2", "ward-ce1", "cpt"]
    assert twin.node("cpt").management is None
    assert twin.node("cpt").daemons == ("bgpd",)


def test_the_external_speaks_both_families(intents: Intents) -> None:
    assert spec("t", intents, [CPT]).node("cpt").config == (
        "frr defaults traditional\n"
        "hostname cpt\n"
        "service integrated-vtysh-config\n"
        "!\n"
        "interface lo\n"
        " ip address 198.51.100.1/32\n"
        " ipv6 address 2001:db8:ffff::1/128\n"
        "exit\n"
        "!\n"
        "interface eth0\n"
        " ip address 203.0.113.0/31\n"
        " ipv6 address 2001:db8:fffe::/127\n"
        "exit\n"
        "!\n"
        "router bgp 64500\n"
        " bgp router-id 203.0.113.0\n"
        " no bgp ebgp-requires-policy\n"
        " no bgp default ipv4-unicast\n"
        " no bgp network import-check\n"
        " neighbor 203.0.113.1 remote-as 4200000092\n"
        " neighbor 203.0.113.1 password pass-word\n"
        " neighbor 2001:db8:fffe::1 remote-as 4200000092\n"
        " neighbor 2001:db8:fffe::1 password pass-word\n"
        " address-family ipv4 unicast\n"
        "  network 198.51.100.0/24\n"
        "  neighbor 203.0.113.1 activate\n"
        "  neighbor 203.0.113.1 default-originate\n"
        " exit-address-family\n"
        " address-family ipv6 unicast\n"
        "  network 2001:db8:ffff::/48\n"
        "  neighbor 2001:db8:fffe::1 activate\n"
        "  neighbor 2001:db8:fffe::1 default-originate\n"
        " exit-address-family\n"
        "exit\n"
        "!\n"
    )


def test_one_external_may_have_many_peerings(intents: Intents) -> None:
    second = replace(
        intents["dc-core1"],
        hostname="dc-core3",
        management=IPv4Address("10.0.0.9"),
        interfaces=(intents["dc-core1"].interfaces[-1],),
    )
    twin = spec("t", {**intents, "dc-core3": second}, [CPT])
    assert [link.z for link in twin.links if link.z.node == "cpt"] == [End("cpt", "eth0"), End("cpt", "eth1")]


def test_a_peering_that_bgp_does_not_know_is_refused(intents: Intents) -> None:
    core1 = replace(intents["dc-core1"], bgp=None)
    with pytest.raises(LabError, match="dc-core1/eth9: no BGP neighbour on the link to cpt"):
        spec("t", {"dc-core1": core1}, [CPT])


def test_every_router_is_ready_for_ipv6_and_only_speakers_run_bgp(intents: Intents) -> None:
    nodes = {node.hostname: node.daemons for node in spec("t", intents).nodes}
    assert nodes["dc-core1"] == ("ospfd", "ospf6d", "bfdd", "bgpd")
    assert nodes["ward-ce1"] == ("ospfd", "ospf6d", "bfdd")


@pytest.mark.parametrize("name", ["", "City", "a-b", "9lab", "x" * 17, "a/b"])
def test_a_lab_name_that_could_be_another_labs_is_refused(name: str, intents: Intents) -> None:
    with pytest.raises(LabError, match="lab name"):
        spec(name, intents)


@pytest.mark.parametrize("hostname", ["mgmt", "lan", "x" * 64])
def test_a_hostname_that_a_lab_cannot_carry_is_refused(hostname: str, intents: Intents) -> None:
    with pytest.raises(LabError, match=hostname):
        spec("t", {hostname: replace(intents["ward-ce1"], hostname=hostname)})


def test_a_circuit_with_three_ends_is_refused(intents: Intents) -> None:
    third = replace(intents["ward-ce1"], hostname="x")
    with pytest.raises(LabError, match="ward-1 has 3 ends"):
        spec("t", {**intents, "x": third})


def test_what_is_not_there_is_named(intents: Intents) -> None:
    twin = spec("t", intents)
    with pytest.raises(UnknownError, match="no node 'x'"):
        twin.node("x")
    with pytest.raises(UnknownError, match="no circuit 'ward-2'"):
        twin.link("ward-2")


# --- in band


def managed(intents: Intents) -> Intents:
    """The data centre has a management zone, and the ward an uplink to it."""
    zone = interface("eth1.40", "lan", "dc:management", ipv4="10.20.0.2/24")
    cores = {
        host: replace(intents[host], interfaces=(*intents[host].interfaces, zone))
        for host in ("dc-core1", "dc-core2")
    }
    uplink = interface("eth0", "link", "ward-1", "dc-core2", ipv4="10.1.0.1/31")
    uplink = replace(uplink, gateways=(IPv4Address("10.1.0.0"),))
    lo, _, lan = intents["ward-ce1"].interfaces
    ward = replace(intents["ward-ce1"], site="ward", role="ce", interfaces=(lo, uplink, lan))
    return {**cores, "ward-ce1": ward}


def test_in_band_only_the_data_centre_is_on_the_bridge(intents: Intents) -> None:
    twin = spec("t", managed(intents), [CPT], in_band=True)
    assert [port for port, _ in wiring.ports_of_nodes(twin)] == ["dc-core1", "dc-core2"]
    assert twin.node("ward-ce1").uplinks == (IPv4Address("10.1.0.1"),)
    assert twin.node("dc-core1").uplinks == ()
    assert twin.controller == IPv4Address("10.20.0.254")
    assert wiring.management(twin)[-4:] == [
        "address add 10.20.0.254/32 dev lo",
        "route add 10.0.0.1/32 dev br0 src 10.20.0.254",
        "route add 10.0.0.2/32 dev br0 src 10.20.0.254",
        "route add default src 10.20.0.254"
        " nexthop via 10.0.0.1 dev br0 onlink nexthop via 10.0.0.2 dev br0 onlink",
    ]


@pytest.mark.parametrize(
    ("hosts", "cause"), [(["ward-ce1"], "begins at the cores"), (["dc-core2", "ward-ce1"], "management zone")]
)
def test_in_band_without_a_beginning_is_refused(intents: Intents, hosts: list[str], cause: str) -> None:
    some = {
        host: intent
        for host, intent in {**managed(intents), "dc-core2": intents["dc-core2"]}.items()
        if host in hosts
    }
    with pytest.raises(LabError, match=cause):
        spec("t", some, in_band=True)


# --- cables


def test_every_interface_gets_one_cable_of_its_mtu(intents: Intents) -> None:
    lines = wiring.cables(spec("t", intents, [CPT]))
    assert (
        "link add eth5 mtu 1500 netns t-dc-core2 type veth peer name eth0 mtu 1500 netns t-ward-ce1" in lines
    )
    assert "link add eth2.10 mtu 1500 netns t-ward-ce1 type veth peer name l2 mtu 1500 netns t-lan" in lines
    assert "link add mgmt0 netns t-ward-ce1 type veth peer name n2 netns t-mgmt" in lines
    near = re.findall(r"link add (\S+) .*?netns (\S+) type veth", "\n".join(lines))
    far = re.findall(r"peer name (\S+) .*?netns (\S+)", "\n".join(lines))
    wanted = [(f"t-{each.hostname}", one.name) for each in intents.values() for one in each.interfaces[1:]]
    wanted += [(f"t-{hostname}", "mgmt0") for hostname in intents] + [("t-cpt", "eth0")]
    made = [(namespace, name) for name, namespace in near + far]
    assert sorted(made) == sorted(set(made))
    assert sorted(one for one in made if one[0] not in ("t-mgmt", "t-lan")) == sorted(wanted)


def test_only_segments_of_several_get_a_bridge(intents: Intents) -> None:
    assert wiring.lans(spec("t", intents, [CPT])) == [
        "link set lo up",
        "link add s0 mtu 1500 type bridge forward_delay 0 mcast_snooping 0",
        "link set s0 up",
        "link set l0 master s0 up",
        "link set l1 master s0 up",
        "link set l2 up",
    ]


def test_management_has_routes_to_devices_and_no_subnet(intents: Intents) -> None:
    lines = wiring.management(spec("t", intents, [CPT]))
    assert [line for line in lines if line.startswith("address")] == ["address add 10.20.255.254/32 dev lo"]
    assert [line.split()[2] for line in lines if line.startswith("route")] == [
        *("10.0.0.1/32", "10.0.0.2/32", "10.0.0.3/32"),
    ]


def thresholds(settings: Path) -> list[int]:
    return [int(file.read_text()) for file in sorted(settings.rglob("gc_thresh*"))]


def test_the_neighbour_table_grows_for_a_crowd_and_never_shrinks(tmp_path: Path) -> None:
    for family in ("ipv4", "ipv6"):
        folder = tmp_path / family / "neigh" / "default"
        folder.mkdir(parents=True)
        for level, entries in (("gc_thresh1", 128), ("gc_thresh2", 512), ("gc_thresh3", 90_000)):
            (folder / level).write_text(f"{entries}\n")
    wiring.widen_neighbour_table(12, tmp_path)
    assert thresholds(tmp_path) == [128, 512, 90_000] * 2
    wiring.widen_neighbour_table(300, tmp_path)
    assert thresholds(tmp_path) == [19_200, 38_400, 90_000] * 2
