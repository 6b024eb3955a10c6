"""LANs, links and hosts follow from prefixes."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_interface

import pytest

from infra_ctl.intent import allocate
from infra_ctl.intent.addressing import (
    digit,
    host_addresses,
    lan_ipv4,
    lan_ipv6,
    link_ipv4,
    link_ipv6,
    vlan,
    zone_ipv4,
    zone_ipv6,
)
from infra_ctl.inventory import Inventory
from infra_ctl.inventory.kinds import Lan, Zone


def test_the_video_lan_of_an_hoa() -> None:
    site = IPv6Network("2001:db8:9241:1100::/56")
    assert lan_ipv6(site, Lan.VIDEO, 0).network == IPv6Network("2001:db8:9241:1140::/64")
    assert lan_ipv6(site, Lan.VIDEO, 1) == ip_interface("2001:db8:9241:1140::1/64")


@pytest.mark.parametrize(
    ("site", "lan", "expected"),
    [
        ("10.65.17.0/24", Lan.MANAGEMENT, "10.65.17.1/27"),
        ("10.65.17.0/24", Lan.GUEST, "10.65.17.225/27"),
        ("172.16.0.0/22", Lan.GUEST, "172.16.0.225/27"),
        ("172.16.0.128/25", Lan.GUEST, "172.16.0.241/28"),
        ("172.16.0.64/26", Lan.STAFF, "172.16.0.73/29"),
    ],
)
def test_lan_ipv4(site: str, lan: Lan, expected: str) -> None:
    assert lan_ipv4(IPv4Network(site), lan, 1) == ip_interface(expected)


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        ("2001:db8:9241::/48", "2001:db8:9241:70::/64"),
        ("2001:db8:9241:1000::/56", "2001:db8:9241:1070::/64"),
        ("2001:db8:9241:1010::/60", "2001:db8:9241:1017::/64"),
    ],
)
def test_lan_ipv6_of_sites_of_other_lengths(site: str, expected: str) -> None:
    assert lan_ipv6(IPv6Network(site), Lan.GUEST, 0).network == IPv6Network(expected)


@pytest.mark.parametrize("site", ["10.65.17.0/24", "10.65.17.64/26"])
def test_lans_of_a_site_share_nothing_and_stay_inside(site: str) -> None:
    networks = [lan_ipv4(IPv4Network(site), lan, 0).network for lan in Lan]
    assert all(network.subnet_of(IPv4Network(site)) for network in networks)
    assert len({address for network in networks for address in network}) == sum(
        network.num_addresses for network in networks
    )


def test_digits_are_the_address_plans_and_vlans_ten_times_them() -> None:
    assert (digit(Lan.SERVERS), digit(Zone.SERVERS), digit(Zone.LGSP)) == (6, 2, 11)
    assert (vlan(Lan.VIDEO), vlan(Zone.LGSP), vlan(Lan.MANAGEMENT)) == (40, 110, 160)
    for kind in (Lan, Zone):
        assert len({vlan(name) for name in kind}) == len(kind)


def test_both_ends_of_a_link() -> None:
    assert [str(link_ipv4(IPv4Network("10.1.0.2/31"), end)) for end in (0, 1)] == [
        "10.1.0.2/31",
        "10.1.0.3/31",
    ]
    reserved = IPv6Network("2001:db8:9201:1100::/64")
    assert [str(link_ipv6(reserved, end)) for end in (0, 1)] == [
        "2001:db8:9201:1100::/127",
        "2001:db8:9201:1100::1/127",
    ]


def test_zones_have_one_lan() -> None:
    assert zone_ipv4(IPv4Network("10.18.0.0/16"), 16) == ip_interface("10.18.0.16/24")
    assert zone_ipv6(IPv6Network("2001:db8:9212::/48"), 22) == ip_interface("2001:db8:9212::16/64")


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("routed", ["10.20.0.16"]),
        ("dual", ["10.20.0.16", "2001:db8:9214::16"]),
        ("v6only", ["10.20.0.16", "2001:db8:9214::16"]),
    ],
)
def test_a_host_has_the_families_of_its_site(
    staged: Callable[..., Inventory], stage: str, expected: list[str]
) -> None:
    city = staged(dc=stage)
    found = host_addresses(city.hosts["dc-ntp-1"], city, allocate(city, {}))
    assert found == tuple(ip_address(text) for text in expected)
