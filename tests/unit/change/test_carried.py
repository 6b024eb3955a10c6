"""Which prefixes a configuration still speaks of."""

from __future__ import annotations

from ipaddress import ip_interface, ip_network

import pytest

from infra_ctl.change.carried import addresses, holder, refuse_carried
from infra_ctl.errors import RefusedError

PREFIXES = {
    ("nk-an-hoa", "site-ipv4"): ip_network("10.65.0.0/24"),
    ("nk-an-hoa-ce1", "loopback-ipv6"): ip_network("2001:db8:9200::1:11:1/128"),
}


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("interface lo\n ip address 10.65.0.33/27", ("nk-an-hoa", "site-ipv4")),
        (
            "router bgp 65000\n neighbor 2001:db8:9200::1:11:1 remote-as 65000",
            ("nk-an-hoa-ce1", "loopback-ipv6"),
        ),
        ("ip route 10.65.0.128/25 blackhole", ("nk-an-hoa", "site-ipv4")),
    ],
)
def test_addresses_neighbours_and_routes_are_found(line: str, key: tuple[str, str]) -> None:
    with pytest.raises(RefusedError, match=f"nk-pop1 was last confirmed with .*, of {' '.join(key)}: deploy"):
        refuse_carried(PREFIXES, {"bt-pop1": "hostname bt-pop1", "nk-pop1": line})


@pytest.mark.parametrize(
    "line",
    [
        "ip prefix-list CITY4 seq 5 permit 10.65.0.0/16 le 32",
        "set large-community 4200000092:1:1",
        "description see 10.65.1.1, 10:65 and 1.5",
        "ip address 10.65.1.1/27",
    ],
)
def test_an_aggregate_a_community_and_other_prefixes_are_not(line: str) -> None:
    refuse_carried(PREFIXES, {"nk-pop1": line})


def test_words_that_only_look_like_addresses_are_none() -> None:
    assert addresses("neighbor 10.0.0.1 timers 10 30\n a:b:c 1.2.3 10.0.0.0/33") == {ip_interface("10.0.0.1")}
    assert holder(ip_interface("10.66.0.1/24"), PREFIXES) is None
