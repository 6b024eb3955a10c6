"""Every session that a configuration asks for: OSPF and BFD on links, BGP inside the city and outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import pytest

from infra_ctl.change.reach import Reach
from infra_ctl.change.sessions import Session, sessions

Network = Callable[[Mapping[str, str], Iterable[str]], Reach]

CORE = """\
interface lo
 ip address 10.0.0.1/32
 ip ospf area 0
 ip ospf passive
 ipv6 address 2001:db8::1/128
exit
interface eth0
 ip address 10.1.0.0/31
 ip ospf area 0
 ip ospf network point-to-point
 ip ospf bfd
 ipv6 ospf6 area 0
 ipv6 ospf6 network point-to-point
 ipv6 ospf6 bfd
exit
router ospf
 ospf router-id 10.0.0.1
exit
router ospf6
 ospf6 router-id 10.0.0.1
exit
router bgp 65000
 bgp router-id 10.0.0.1
 no bgp default ipv4-unicast
 neighbor CLIENTS peer-group
 neighbor CLIENTS remote-as internal
 neighbor CLIENTS password secret
 neighbor CLIENTS update-source lo
 neighbor CLIENTS bfd
 neighbor 10.0.0.2 peer-group CLIENTS
 address-family ipv4 unicast
  neighbor CLIENTS activate
 exit-address-family
exit
"""
EDGE = """\
interface lo
 ip address 10.0.0.2/32
 ip ospf area 0
 ip ospf passive
exit
interface eth0
 ip address 10.1.0.1/31
 ip ospf area 0
 ip ospf network point-to-point
 ip ospf bfd
 ipv6 ospf6 area 0
 ipv6 ospf6 network point-to-point
 ipv6 ospf6 bfd
exit
interface eth9
 ip address 203.0.113.1/31
exit
router ospf
 ospf router-id 10.0.0.2
exit
router ospf6
 ospf6 router-id 10.0.0.2
exit
router bgp 65000
 bgp router-id 10.0.0.2
 no bgp default ipv4-unicast
 neighbor 10.0.0.1 remote-as 65000
 neighbor 10.0.0.1 password secret
 neighbor 10.0.0.1 update-source lo
 neighbor 10.0.0.1 bfd
 neighbor 203.0.113.0 remote-as 65001
 address-family ipv4 unicast
  neighbor 10.0.0.1 activate
  neighbor 203.0.113.0 activate
 exit-address-family
exit
"""
WIRES = ["core/eth0 edge/eth0", "edge/eth9 provider/eth0"]


def two(network: Network, core: str = CORE, edge: str = EDGE) -> Reach:
    return network({"core": core, "edge": edge}, WIRES)


def bgp(reach: Reach, device: str, key: str) -> str:
    """What is in the way of a BGP session."""
    (found,) = (each for each in sessions(reach, device) if (each.protocol, each.key) == ("bgp", key))
    return found.obstacle


def test_all_sessions_of_a_router(network: Network) -> None:
    assert sessions(two(network), "core") == (
        Session("bfd", "", "10.0.0.2", "edge", ""),
        Session("bfd", "eth0", "", "edge", ""),
        Session("bfd", "eth0", "10.1.0.1", "edge", ""),
        Session("bgp", "", "10.0.0.2", "edge", ""),
        Session("ospf", "eth0", "10.0.0.2", "edge", ""),
        Session("ospf6", "eth0", "10.0.0.2", "edge", ""),
    )


def test_a_session_that_is_asked_for_and_down_is_named_with_its_reason(network: Network) -> None:
    reach = two(network, edge=EDGE.replace("exit\ninterface eth9", " shutdown\nexit\ninterface eth9"))
    found = {(each.protocol, each.interface): each.obstacle for each in sessions(reach, "core")}
    assert found == {
        ("ospf", "eth0"): "edge/eth0 is shut down",
        ("ospf6", "eth0"): "edge/eth0 is shut down",
        ("bgp", ""): "no OSPF path from core to edge/lo: edge/eth0 is shut down",
    }


def test_bfd_needs_both_ends(network: Network) -> None:
    reach = two(network, edge=EDGE.replace(" ip ospf bfd\n", "").replace(" neighbor 10.0.0.1 bfd\n", ""))
    obstacles = {
        (each.interface, each.key): each.obstacle
        for each in sessions(reach, "core")
        if each.protocol == "bfd"
    }
    assert obstacles == {
        ("", "10.0.0.2"): "BFD is not on at edge",
        ("eth0", "10.1.0.1"): "BFD is not on at edge/eth0",
        ("eth0", ""): "",
    }


def test_an_external_session_counts_as_right_while_its_link_is_up(network: Network) -> None:
    assert bgp(two(network), "edge", "203.0.113.0") == ""
    down = EDGE.replace(" ip address 203.0.113.1/31\n", " ip address 203.0.113.1/31\n shutdown\n")
    assert "no address" in bgp(two(network, edge=down), "edge", "203.0.113.0")


BROKEN = {
    "no neighbour": (" neighbor 10.0.0.1 remote-as 65000\n", "", "edge has no BGP neighbour 10.0.0.1"),
    "AS": (
        "10.0.0.1 remote-as 65000",
        "10.0.0.1 remote-as 65009",
        "AS differs: 65009 is expected of 10.0.0.1",
    ),
    "internal": (
        "10.0.0.1 remote-as 65000",
        "10.0.0.1 remote-as external",
        "AS differs: external is expected",
    ),
    "password": ("password secret", "password other", "passwords differ between 10.0.0.1 and 10.0.0.2"),
    "no password": (" neighbor 10.0.0.1 password secret\n", "", "passwords differ"),
    "source": (" neighbor 10.0.0.1 update-source lo\n", "", "edge speaks to 10.0.0.1 from None"),
    "other source": ("update-source lo", "update-source 10.1.0.1", "edge speaks to 10.0.0.1 from 10.1.0.1"),
    "router id": (" bgp router-id 10.0.0.2", " bgp router-id 10.0.0.1", "have the same router id 10.0.0.1"),
    "family": ("  neighbor 10.0.0.1 activate\n", "", "no address family is active"),
    "shut down": ("10.0.0.1 bfd", "10.0.0.1 shutdown", "10.0.0.2 has shut 10.0.0.1 down"),
    "no BGP": ("router bgp 65000\n", "router rip\n", "edge has no BGP neighbour 10.0.0.1"),
    "not announced": (
        "10.0.0.2/32\n ip ospf area 0\n ip ospf passive\n",
        "10.0.0.2/32\n",
        "edge/lo does not announce 10.0.0.2",
    ),
}


@pytest.mark.parametrize(("old", "new", "obstacle"), BROKEN.values(), ids=BROKEN)
def test_what_keeps_a_bgp_session_down(network: Network, old: str, new: str, obstacle: str) -> None:
    assert old in EDGE
    assert obstacle in bgp(two(network, edge=EDGE.replace(old, new)), "core", "10.0.0.2")


def test_an_own_neighbour_that_is_shut_down(network: Network) -> None:
    core = CORE.replace(
        " neighbor 10.0.0.2 peer-group", " neighbor 10.0.0.2 shutdown\n neighbor 10.0.0.2 peer-group"
    )
    assert bgp(two(network, core=core), "core", "10.0.0.2") == "core has shut 10.0.0.2 down"


def test_external_peers_of_ours_are_on_one_link_or_say_so(network: Network) -> None:
    core = CORE.replace("remote-as internal", "remote-as external")
    edge = EDGE.replace("router bgp 65000", "router bgp 65002")
    assert bgp(two(network, core, edge), "core", "10.0.0.2") == "10.0.0.2 is not on a link of core"
    core = core.replace(" neighbor CLIENTS bfd\n", " neighbor CLIENTS ebgp-multihop 2\n")
    assert bgp(two(network, core, edge), "core", "10.0.0.2") == "10.0.0.2 is not on a link of core"
    edge = edge.replace(" neighbor 10.0.0.1 bfd\n", " neighbor 10.0.0.1 ebgp-multihop 2\n")
    assert bgp(two(network, core, edge), "core", "10.0.0.2") == ""
