"""Which lines are repaired, and which are kept and reported."""

from __future__ import annotations

import pytest

from infra_ctl.change import diff, normal
from infra_ctl.change.unmanaged import foreign, keep

INTENDED = """\
log syslog informational
interface eth0
 description to dc-core1
 ip address 10.1.0.1/31
 ip ospf area 0.0.0.0
 ip ospf cost 10
 ip ospf message-digest-key 1 md5 vault:ospf/key
exit
router bgp 65000
 bgp router-id 10.0.0.1
 neighbor 10.0.0.2 remote-as 65000
 neighbor 10.0.0.2 password vault:bgp/key
 address-family ipv4 unicast
  neighbor 10.0.0.2 activate
  network 10.65.0.0/16
 exit-address-family
exit
ip prefix-list OURS seq 5 permit 10.0.0.0/8
ip route 10.65.0.0/16 blackhole 254
route-map OUT permit 10
 match ip address prefix-list OURS
exit
bfd
 profile city
  transmit-interval 500
 exit
exit
end
"""
FORM = normal.parse(INTENDED)


def path_to(line: str) -> normal.Pair:
    return normal.at(line)


def edited(*, without: tuple[str, ...] = (), added: tuple[str, ...] = ()) -> normal.Normal:
    """What the device runs: the intended configuration, edited by hand."""
    return normal.ordered(
        [*(pair for pair in FORM if normal.path(pair) not in without), *map(normal.at, added)]
    )


def kept(
    running: normal.Normal, deployed: normal.Normal | None = None, claimed: tuple[str, ...] = ()
) -> list[str]:
    lines = diff.diff(running, FORM)
    return [
        normal.path(pair) for pair in foreign(lines, FORM, deployed, [normal.at(path) for path in claimed])
    ]


REPAIRED = {
    "cost": ("interface eth0 / ip ospf cost 10", "interface eth0 / ip ospf cost 777"),
    "description": ("interface eth0 / description to dc-core1", "interface eth0 / description mine"),
    "address": ("interface eth0 / ip address 10.1.0.1/31", "interface eth0 / ip address 10.1.0.3/31"),
    "area": ("interface eth0 / ip ospf area 0.0.0.0", "interface eth0 / ip ospf area 0.0.0.9"),
    "secret": (
        "interface eth0 / ip ospf message-digest-key 1 md5 vault:ospf/key",
        "interface eth0 / ip ospf message-digest-key 1 md5 <secret:0badcafe>",
    ),
    "remote AS": (
        "router bgp 65000 / neighbor 10.0.0.2 remote-as 65000",
        "router bgp 65000 / neighbor 10.0.0.2 remote-as 65001",
    ),
    "prefix that is announced": (
        "router bgp 65000 / address-family ipv4 unicast / network 10.65.0.0/16",
        "router bgp 65000 / address-family ipv4 unicast / network 10.66.0.0/16",
    ),
    "activation": (
        "router bgp 65000 / address-family ipv4 unicast / neighbor 10.0.0.2 activate",
        "router bgp 65000 / address-family ipv4 unicast / no neighbor 10.0.0.2 activate",
    ),
    "next hop of a route": ("ip route 10.65.0.0/16 blackhole 254", "ip route 10.65.0.0/16 10.1.0.0"),
    "log level": ("log syslog informational", "log syslog debugging"),
    "entry of a list": (
        "ip prefix-list OURS seq 5 permit 10.0.0.0/8",
        "ip prefix-list OURS seq 5 permit any",
    ),
    "timer of a profile": (
        "bfd / profile city / transmit-interval 500",
        "bfd / profile city / transmit-interval 900",
    ),
}


@pytest.mark.parametrize(("ours", "theirs"), REPAIRED.values(), ids=REPAIRED)
def test_a_changed_value_is_repaired(ours: str, theirs: str) -> None:
    running = edited(without=(ours,), added=(theirs,))
    assert kept(running) == []


ADDED_AND_REMOVED = {
    "entry in our prefix list": "ip prefix-list OURS seq 7 permit any",
    "entry in our route map": "route-map OUT permit 5",
    "condition in our route map": "route-map OUT permit 10 / match community X",
    "mode of our profile": "bfd / profile city / passive-mode",
    "our interface shut down": "interface eth0 / shutdown",
    "our adjacency silenced": "interface eth0 / ip ospf passive",
    "priority where intent sets up OSPF": "interface eth0 / ip ospf priority 7",
    "weight of our neighbour": "router bgp 65000 / address-family ipv4 unicast / neighbor 10.0.0.2 weight 5",
    "our neighbour shut down": "router bgp 65000 / neighbor 10.0.0.2 shutdown",
}


@pytest.mark.parametrize("line", ADDED_AND_REMOVED.values(), ids=ADDED_AND_REMOVED)
def test_what_changes_the_meaning_of_ours_is_removed(line: str) -> None:
    assert kept(edited(added=(line,))) == []


FOREIGN = {
    "static route": ["ip route 192.0.2.0/24 10.1.0.0"],
    "second next hop": ["ip route 10.65.0.0/16 10.1.0.0"],
    "second address": ["interface eth0 / ip address 192.0.2.1/24"],
    "cost where intent has none": ["interface eth0 / ipv6 ospf6 cost 5"],
    "interface": ["interface eth9 / ip address 192.0.2.1/24", "interface eth9 / shutdown"],
    "access list": ["access-list MINE seq 5 permit 10.0.0.0/8"],
    "prefix list": ["ip prefix-list MINE seq 5 permit any"],
    "route map": ["route-map MINE permit 10", "route-map MINE permit 10 / set metric 5"],
    "neighbour": [
        "router bgp 65000 / address-family ipv4 unicast / neighbor 192.0.2.9 activate",
        "router bgp 65000 / neighbor 192.0.2.9 password <secret:0badcafe>",
        "router bgp 65000 / neighbor 192.0.2.9 remote-as 65009",
        "router bgp 65000 / neighbor 192.0.2.9 shutdown",
    ],
    "announced prefix": ["router bgp 65000 / address-family ipv4 unicast / network 192.0.2.0/24"],
    "routing protocol": ["router rip", "router rip / network 10.0.0.0/8"],
    "unknown command": ["frobnicate 5"],
}


@pytest.mark.parametrize("lines", FOREIGN.values(), ids=FOREIGN)
def test_what_intent_knows_nothing_of_is_kept(lines: list[str]) -> None:
    assert kept(edited(added=tuple(lines))) == lines


@pytest.mark.parametrize("lines", FOREIGN.values(), ids=FOREIGN)
def test_what_was_deployed_goes(lines: list[str]) -> None:
    running = edited(added=tuple(lines))
    assert kept(running, deployed=running) == []


@pytest.mark.parametrize("lines", FOREIGN.values(), ids=FOREIGN)
def test_what_is_claimed_goes(lines: list[str]) -> None:
    assert kept(edited(added=tuple(lines)), claimed=tuple(lines)) == []


def test_what_belongs_to_a_neighbour_goes_with_it() -> None:
    """Without its definition, FRR would refuse the line."""
    gone = "router bgp 65000 / neighbor 10.0.0.3 remote-as 65000"
    by_hand = "router bgp 65000 / address-family ipv4 unicast / neighbor 10.0.0.3 weight 7"
    running = edited(added=(gone, by_hand))
    assert kept(running, deployed=edited(added=(gone,))) == []
    assert kept(running) == [by_hand, gone]


def test_what_is_in_a_context_goes_with_it() -> None:
    running = edited(
        added=("router ospf6", "router ospf6 / ospf6 router-id 10.0.0.1", "router ospf6 / distance 9")
    )
    deployed = edited(added=("router ospf6", "router ospf6 / ospf6 router-id 10.0.0.1"))
    assert kept(running, deployed=deployed) == []


def test_another_as_takes_all_of_bgp_with_it() -> None:
    running = normal.parse(INTENDED.replace("router bgp 65000", "router bgp 65001"))
    assert kept(running) == []


@pytest.mark.parametrize("lines", FOREIGN.values(), ids=FOREIGN)
def test_kept_lines_are_no_change_any_more(lines: list[str]) -> None:
    running = edited(added=tuple(lines))
    candidate = keep(INTENDED, foreign(diff.diff(running, FORM), FORM, None))
    assert diff.diff(running, normal.parse(candidate)) == ()


def test_a_kept_line_stands_in_its_context_before_the_end() -> None:
    pair = normal.at("router bgp 65000 / address-family ipv4 unicast / network 192.0.2.0/24")
    assert (
        keep("interface eth0\nexit\nend\n", [pair])
        == """\
interface eth0
exit
!
! kept: not from intent
router bgp 65000
 address-family ipv4 unicast
  network 192.0.2.0/24
 exit-address-family
exit
end
"""
    )


def test_a_candidate_stays_as_it_is_where_nothing_is_kept() -> None:
    assert keep(INTENDED, []) == INTENDED
