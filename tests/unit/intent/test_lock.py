"""The lock file: round trips, and every bad line named with its place."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

import pytest

from infra_ctl.errors import InventoryError
from infra_ctl.intent import allocate, format_lock, parse_lock
from infra_ctl.inventory import Inventory

HEADER = "object,purpose,prefix\n"


def problems(text: str) -> list[str]:
    with pytest.raises(InventoryError) as caught:
        parse_lock(text)
    return [str(problem).removeprefix("allocations.lock.csv:") for problem in caught.value.problems]


def test_round_trip(reference: Inventory) -> None:
    prefixes = allocate(reference, {}).prefixes
    text = format_lock(prefixes)
    assert parse_lock(text) == prefixes
    lines = text.splitlines()[1:]
    assert len(lines) == len(prefixes)
    assert lines == sorted(lines, key=lambda line: line.split(",")[:2])


def test_no_lock_yet_is_an_empty_lock() -> None:
    assert parse_lock("") == {}
    assert parse_lock(HEADER) == {}


def test_both_families() -> None:
    assert parse_lock(f"{HEADER}nk-1,link-ipv4,10.1.0.0/31\nnk-1,link-ipv6,2001:db8::/64\n") == {
        ("nk-1", "link-ipv4"): IPv4Network("10.1.0.0/31"),
        ("nk-1", "link-ipv6"): IPv6Network("2001:db8::/64"),
    }


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("nk-1,link-ipv4", "2:0: has 2 fields, not object,purpose,prefix"),
        ("", "2:0: has 0 fields, not object,purpose,prefix"),
        (
            "nk-1,cable-ipv4,10.1.0.0/31",
            "2:2: 'cable-ipv4' is not a purpose, such as loopback-ipv4 or zone-dmz-ipv6",
        ),
        ("nk-1,link,10.1.0.0/31", "2:2: 'link' is not a purpose, such as loopback-ipv4 or zone-dmz-ipv6"),
        ("nk-1,link-ipv4,2001:db8::/64", "2:3: '2001:db8::/64' is not an IPv4 prefix: "),
        (
            "nk-1,link-ipv4,10.1.0.1/31",
            "2:3: '10.1.0.1/31' is not an IPv4 prefix: 10.1.0.1/31 has host bits set",
        ),
        ("nk-1,link-ipv6,2001:db8::/128", "2:3: 2001:db8::/128 cannot be a link-ipv6: that is /16 to /127"),
        ("nk,site-ipv4,10.65.0.0/32", "2:3: 10.65.0.0/32 cannot be a site-ipv4: that is /8 to /26"),
    ],
)
def test_a_bad_line(line: str, problem: str) -> None:
    (found,) = problems(f"{HEADER}{line}\n")
    assert found.startswith(problem)


def test_all_bad_lines_at_once_and_the_header_too() -> None:
    text = (
        "object,prefix\nnk-1,link-ipv4,10.1.0.0/31\nnk-1,link-ipv4,10.1.0.2/31\nnk-2,link-ipv4,10.1.0.0/30\n"
    )
    assert problems(text) == [
        "1:1: the columns are object,purpose,prefix",
        "3:1: nk-1 link-ipv4 is locked twice, first in line 2",
        "4:3: 10.1.0.0/30 of nk-2 link-ipv4 overlaps that of nk-1 link-ipv4 in line 2",
    ]


def test_a_site_inside_its_aggregate_is_no_overlap() -> None:
    assert len(parse_lock(f"{HEADER}nk,access-ipv4,10.65.0.0/16\nnk,site-ipv4,10.65.0.0/24\n")) == 2
