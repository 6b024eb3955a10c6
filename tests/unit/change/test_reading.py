"""What is read of a configuration beyond what the networks of the other tests show."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address, ip_interface

import pytest

from infra_ctl.change import normal, reading
from infra_ctl.change.router import Key, Router


def read(text: str) -> Router:
    return reading.read(normal.parse(text))


def cost(lines: str, process: str = "") -> int:
    text = (
        f"interface eth0\n ip address 10.0.0.1/31\n ip ospf area 0\n{lines}exit\nrouter ospf\n{process}exit\n"
    )
    return read(text).ports["eth0"].ospf[4].cost


@pytest.mark.parametrize(
    ("lines", "process", "expected"),
    [
        ("", "", 10),
        (" bandwidth 3000\n", "", 33),
        (" bandwidth 100000\n", " auto-cost reference-bandwidth 1000\n", 1),
        (" bandwidth 50\n", " auto-cost reference-bandwidth 1000\n", 20),
        (" bandwidth 50\n ip ospf cost 7\n", "", 7),
    ],
)
def test_costs_are_those_that_frr_shows(lines: str, process: str, expected: int) -> None:
    assert cost(lines, process) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("interface eth0\n ip address 10.9.9.9/31\n", "10.9.9.9"),
        (
            "interface eth0\n ip address 10.9.9.9/31\nexit\ninterface lo\n ip address 10.0.0.1/32\n",
            "10.0.0.1",
        ),
        ("interface lo\n ip address 10.0.0.1/32\nexit\nip router-id 10.5.5.5\n", "10.5.5.5"),
        ("interface lo\n ip address 10.0.0.1/32\nexit\nrouter ospf\n ospf router-id 10.7.7.7\n", "10.7.7.7"),
        ("interface lo\n ip address 127.0.0.1/8\n", "0.0.0.0"),
    ],
)
def test_the_router_id_is_the_one_that_zebra_chooses(text: str, expected: str) -> None:
    with_ospf = text if "router ospf" in text else f"{text}exit\nrouter ospf\n"
    assert read(f"{with_ospf}exit\n").ospf[4].router_id == IPv4Address(expected)


def test_keys_are_in_the_order_of_their_numbers() -> None:
    text = """\
interface eth0
 ip ospf area 0
 ip ospf authentication message-digest
 ip ospf message-digest-key 10 md5 ten
 ip ospf message-digest-key 9 md5 nine
exit
router ospf
exit
"""
    assert read(text).ports["eth0"].ospf[4].keys == (Key(9, "md5", "nine"), Key(10, "md5", "ten"))


def test_a_bgp_peer_has_what_its_group_has_and_its_own_first() -> None:
    text = """\
router bgp 65000
 neighbor G peer-group
 neighbor G remote-as internal
 neighbor G password of-the-group
 neighbor G ebgp-multihop
 neighbor 10.0.0.2 peer-group G
 neighbor 10.0.0.2 password its-own
 neighbor eth9 interface remote-as external
exit
"""
    bgp = read(text).bgp
    assert bgp is not None
    assert list(bgp.peers) == [ip_address("10.0.0.2")]
    (peer,) = bgp.peers.values()
    assert (peer.remote_as, peer.password, peer.multihop) == ("internal", "its-own", True)
    assert peer.families == {4}


def test_interfaces_in_a_vrf_s_process_are_not_ours() -> None:
    text = "interface eth0\n ip ospf area 0\nexit\nrouter ospf vrf RED\n ospf router-id 10.0.0.1\nexit\n"
    assert read(text).ospf == {}
    assert read(text).ports["eth0"].ospf == {}


def test_addresses_of_both_families() -> None:
    text = "interface eth0\n ip address 10.0.0.1/24\n ipv6 address 2001:DB8::1/64\nexit\n"
    port = read(text).ports["eth0"]
    assert port.addresses == (ip_interface("10.0.0.1/24"), ip_interface("2001:db8::1/64"))
    assert port.address(6) == ip_interface("2001:db8::1/64")
