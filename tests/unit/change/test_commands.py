"""The command table: every line that FRR took is known, what it refuses is refused, slots are right."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra_ctl.change import commands, normal
from infra_ctl.change.frr_commands import FRR_COMMANDS

CASES = Path(__file__).parents[2] / "cases" / "frr"


@pytest.mark.parametrize("file", sorted(CASES.glob("*.conf")), ids=lambda file: file.stem)
def test_what_frr_took_is_valid(file: Path) -> None:
    assert list(commands.invalid(normal.parse(file.read_text(encoding="utf-8")))) == []


REFUSED = {
    "address": "interface eth0 / ip address 10.0.0.300/24",
    "prefix length": "interface eth0 / ip address 10.0.0.1/33",
    "address of the other family": "interface eth0 / ipv6 address 10.0.0.1/24",
    "no prefix length": "interface eth0 / ip address 10.0.0.1",
    "AS number": "router bgp 65000 / neighbor 10.0.0.1 remote-as 4294967296",
    "AS number of the router": "router bgp 0 / bgp router-id 10.0.0.1",
    "neighbour": "router bgp 65000 / neighbor 10.0.0.999 remote-as 65000",
    "cost": "interface eth0 / ip ospf cost 65536",
    "unknown command": "interface eth0 / ip ospf costs 10",
    "command elsewhere": "router ospf / ip ospf cost 10",
    "unknown context": "router osfp / ospf router-id 10.0.0.1",
    "word too many": "interface eth0 / ip ospf passive now",
    "missing value": "interface eth0 / ip ospf cost",
    "log level": "log syslog loud",
}


@pytest.mark.parametrize("path", REFUSED.values(), ids=REFUSED)
def test_what_frr_refuses_is_invalid(path: str) -> None:
    assert list(commands.invalid([normal.at(path)])) == [path]


SLOTS = {
    "interface eth0 / ip ospf cost 10": ("ip ospf cost", "value"),
    "interface eth0 / no ip ospf cost 10": ("ip ospf cost", "value"),
    "interface eth0 / ip address 10.0.0.1/31": ("ip address", "one of several"),
    "interface eth0 / ip ospf message-digest-key 1 md5 x": ("ip ospf message-digest-key 1", "value"),
    "interface eth0 / ip ospf bfd": ("ip ospf bfd", "value"),
    "interface eth0 / ip ospf bfd profile city": ("ip ospf bfd", "value"),
    "interface eth0 / shutdown": ("shutdown", "switch"),
    "interface eth0 / description a b c": ("description", "value"),
    "router bgp 65000 / neighbor 2001:db8::1 remote-as 65000": ("neighbor 2001:db8::1 remote-as", "value"),
    "router bgp 65000 / neighbor CORES peer-group": ("neighbor CORES peer-group", "itself"),
    "router bgp 65000 / neighbor 10.0.0.1 shutdown message x": ("neighbor 10.0.0.1 shutdown", "switch"),
    "router bgp 65000": ("router bgp", "value"),
    "route-map OUT permit 10": ("route-map OUT", "value"),
    "ip prefix-list OURS seq 5 permit 10.0.0.0/8 le 32": ("ip prefix-list OURS", "value"),
    "ip route 10.0.0.0/8 10.1.0.1": ("ip route 10.0.0.0/8", "one of several"),
    "router bgp 65000 / address-family ipv4 unicast / network 10.0.0.0/8": ("network", "one of several"),
}


@pytest.mark.parametrize(("path", "expected"), SLOTS.items(), ids=SLOTS)
def test_slots(path: str, expected: tuple[str, str]) -> None:
    found = commands.use(*normal.at(path))
    assert found is not None
    assert (found.slot, found.sharing) == expected


def test_every_row_has_one_mark_at_most() -> None:
    rows = [row for rows in FRR_COMMANDS.values() for row in rows]
    assert [row for row in rows if sum(f" {mark}" in row for mark in "=~!") > 1] == []
