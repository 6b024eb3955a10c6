"""When two ends of a link are neighbours. Marked cases are what two FRR 8.4.4 routers on a veth did."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from infra_ctl.change import normal, reading
from infra_ctl.change.ospf import Side, obstacle
from infra_ctl.change.router import Port

CONFIG = """\
interface lo
 ip address 10.0.0.{n}/32
 ip ospf area 0
 ip ospf passive
 ipv6 ospf6 area 0
 ipv6 ospf6 passive
exit
interface eth0
 ip address 10.1.0.{n}/31
 ipv6 address 2001:db8:9201::{n}/127
 ip ospf area 0
 ip ospf network point-to-point
 ipv6 ospf6 area 0
 ipv6 ospf6 network point-to-point
exit
router ospf
 ospf router-id 10.0.0.1{n}
exit
router ospf6
 ospf6 router-id 10.0.0.1{n}
exit
"""
AUTHENTICATED = "ip ospf authentication message-digest"
OLD_KEY, NEW_KEY = "ip ospf message-digest-key 1 md5 old", "ip ospf message-digest-key 2 md5 new"
KEY6 = "ipv6 ospf6 authentication key-id 1 hash-algo hmac-sha-256 key "
CHAIN6 = "key chain C\n key 1\n  key-string x\n  cryptographic-algorithm hmac-sha-256\n exit\nexit\n"


def side(n: int, mtu: int, lines: tuple[str, ...], without: tuple[str, ...], top: str) -> Side:
    """One router: the text above, without some lines, with others on eth0, and with more at the top."""
    text = "".join(f"{line}\n" for line in CONFIG.format(n=n).splitlines() if line.strip() not in without)
    added = "".join(f" {line}\n" for line in lines)
    router = reading.read(normal.parse(f"{text}{top}interface eth0\n{added}exit\n"))
    return Side("ab"[n], router, router.ports.get("eth0", Port("eth0", False, (), {})), mtu)


@dataclass(frozen=True)
class Case:
    """What is added to eth0 of a and b and left out of a, and what must be in the way in either version."""

    a: tuple[str, ...] = ()
    b: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    top: str = ""
    mtus: tuple[int, int] = (1500, 1500)
    ospf: str = ""
    ospf6: str = ""


CASES = {
    "nothing (seen)": Case(),
    "one end is shut down (seen)": Case(
        a=("shutdown",), ospf="a/eth0 is shut down", ospf6="a/eth0 is shut down"
    ),
    "one end is passive": Case(a=("ip ospf passive", "ipv6 ospf6 passive"), ospf="passive", ospf6="passive"),
    "passive by default": Case(
        top="router ospf\n passive-interface default\nexit\n", ospf="a/eth0 is passive"
    ),
    "active in spite of the default": Case(
        a=("no ip ospf passive",), top="router ospf\n passive-interface default\nexit\n"
    ),
    "no area": Case(without=("ip ospf area 0",), ospf="OSPF is not on at a/eth0"),
    "area by network": Case(
        without=("ip ospf area 0",), top="router ospf\n network 10.1.0.0/24 area 0\nexit\n"
    ),
    "no process": Case(without=("router ospf", "ospf router-id 10.0.0.10"), ospf="OSPF is not on at a/eth0"),
    "areas": Case(
        a=("ip ospf area 1", "ipv6 ospf6 area 0.0.0.1"),
        without=("ip ospf area 0", "ipv6 ospf6 area 0"),
        ospf="areas differ: 0.0.0.1 at a/eth0, 0.0.0.0 at b/eth0",
        ospf6="areas differ",
    ),
    "area written otherwise": Case(a=("ip ospf area 0.0.0.0",), without=("ip ospf area 0",)),
    "hello intervals (seen)": Case(
        a=("ip ospf hello-interval 2", "ipv6 ospf6 hello-interval 2"),
        ospf="hello intervals",
        ospf6="hello intervals",
    ),
    "dead intervals": Case(
        a=("ip ospf dead-interval 20", "ipv6 ospf6 dead-interval 20"),
        ospf="dead intervals",
        ospf6="dead intervals",
    ),
    "dead interval follows the hello interval, in OSPFv2 only (seen)": Case(
        a=("ip ospf hello-interval 7", "ipv6 ospf6 hello-interval 7"),
        b=("ip ospf hello-interval 7", "ip ospf dead-interval 28", "ipv6 ospf6 hello-interval 7"),
    ),
    "network types: full neighbours, and no route (seen)": Case(
        without=("ip ospf network point-to-point", "ipv6 ospf6 network point-to-point"),
        ospf="network types differ: broadcast at a/eth0, point-to-point at b/eth0",
        ospf6="network types",
    ),
    "instances": Case(a=("ipv6 ospf6 instance-id 3",), ospf6="instances differ"),
    "stub at one end": Case(
        top="router ospf\n area 0 stub\nexit\n", ospf="area 0.0.0.0 is stub at a/eth0, usual at b/eth0"
    ),
    "MTU (seen)": Case(
        mtus=(1400, 1500), ospf="MTU differs: 1400 at a/eth0, 1500 at b/eth0", ospf6="MTU differs"
    ),
    "MTU ignored at the smaller end: OSPFv2 only (seen)": Case(
        a=("ip ospf mtu-ignore", "ipv6 ospf6 mtu-ignore"), mtus=(1400, 1500), ospf6="MTU differs"
    ),
    "MTU ignored at the larger end: neither (seen)": Case(
        b=("ip ospf mtu-ignore", "ipv6 ospf6 mtu-ignore"), mtus=(1400, 1500), ospf="MTU", ospf6="MTU"
    ),
    "MTU ignored at both ends": Case(
        a=("ip ospf mtu-ignore", "ipv6 ospf6 mtu-ignore"),
        b=("ip ospf mtu-ignore", "ipv6 ospf6 mtu-ignore"),
        mtus=(1400, 1500),
    ),
    "MTU of OSPFv3 (seen)": Case(
        a=("ipv6 ospf6 ifmtu 1300",), ospf6="MTU differs: 1300 at a/eth0, 1500 at b/eth0"
    ),
    "authentication at one end": Case(
        a=(AUTHENTICATED, OLD_KEY), ospf="authentication differ: md5 at a/eth0, none"
    ),
    "the same key": Case(a=(AUTHENTICATED, OLD_KEY), b=(AUTHENTICATED, OLD_KEY)),
    "another secret": Case(
        a=(AUTHENTICATED, OLD_KEY),
        b=(AUTHENTICATED, "ip ospf message-digest-key 1 md5 other"),
        ospf="key 1 differs at a/eth0 and b/eth0",
    ),
    "a key more at one end, which signs with it (seen)": Case(
        a=(AUTHENTICATED, OLD_KEY, NEW_KEY),
        b=(AUTHENTICATED, OLD_KEY),
        ospf="a/eth0 signs with key 2, which b/eth0 does not have",
    ),
    "two keys at both ends (seen)": Case(
        a=(AUTHENTICATED, OLD_KEY, NEW_KEY), b=(AUTHENTICATED, OLD_KEY, NEW_KEY)
    ),
    "the old key gone at one end (seen)": Case(
        a=(AUTHENTICATED, NEW_KEY), b=(AUTHENTICATED, OLD_KEY, NEW_KEY)
    ),
    "authentication of the area": Case(
        a=(OLD_KEY,),
        b=(AUTHENTICATED, OLD_KEY),
        top="router ospf\n area 0 authentication message-digest\nexit\n",
    ),
    "no key": Case(a=(AUTHENTICATED,), b=(AUTHENTICATED, OLD_KEY), ospf="no key at a/eth0"),
    "simple authentication": Case(
        a=("ip ospf authentication", "ip ospf authentication-key x"),
        b=("ip ospf authentication", "ip ospf authentication-key y"),
        ospf="key 0 differs",
    ),
    "trailer at one end": Case(
        a=(f"{KEY6}x",), ospf6="authentication differ: trailer at a/eth0, none at b/eth0"
    ),
    "the same trailer (seen)": Case(a=(f"{KEY6}x",), b=(f"{KEY6}x",)),
    "another trailer": Case(a=(f"{KEY6}x",), b=(f"{KEY6}y",), ospf6="key 1 differs"),
    "a chain with the same key": Case(
        a=("ipv6 ospf6 authentication keychain C",), b=(f"{KEY6}x",), top=CHAIN6
    ),
    "another subnet: OSPFv2 only (seen)": Case(
        a=("ip address 10.1.0.9/30",), without=("ip address 10.1.0.0/31",), ospf="is not in"
    ),
    "a shorter prefix that holds the other end (seen)": Case(
        a=("ip address 10.1.0.0/30",), without=("ip address 10.1.0.0/31",)
    ),
    "the same address": Case(
        a=("ip address 10.1.0.1/31",),
        without=("ip address 10.1.0.0/31",),
        ospf="have the same address 10.1.0.1",
    ),
    "no address": Case(without=("ip address 10.1.0.0/31",), ospf="a/eth0 has no IPv4 address"),
    "the same router id": Case(
        top="router ospf\n ospf router-id 10.0.0.11\nexit\nrouter ospf6\n ospf6 router-id 10.0.0.11\nexit\n",
        without=("ospf router-id 10.0.0.10", "ospf6 router-id 10.0.0.10"),
        ospf="a and b have the same router id 10.0.0.11",
        ospf6="a and b have the same router id 10.0.0.11",
    ),
    "router id of the loopback": Case(without=("ospf router-id 10.0.0.10", "ospf6 router-id 10.0.0.10")),
    "no router id": Case(
        without=("ospf6 router-id 10.0.0.10", "ip address 10.0.0.0/32", "ip address 10.1.0.0/31"),
        ospf="a/eth0 has no IPv4 address",
        ospf6="a has no router id",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("version", [4, 6])
def test_obstacles(case: Case, version: int) -> None:
    a = side(0, case.mtus[0], case.a, case.without, case.top)
    b = side(1, case.mtus[1], case.b, (), "")
    expected = {4: case.ospf, 6: case.ospf6}[version]
    for found in (obstacle(version, a, b), obstacle(version, b, a)):
        assert bool(found) == bool(expected), found
    assert expected in obstacle(version, a, b)


def test_secrets_are_not_shown() -> None:
    a = side(0, 1500, (AUTHENTICATED, OLD_KEY), (), "")
    assert "old" not in repr(a)
