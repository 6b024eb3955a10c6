"""Whether BGP neighbours are limited: by themselves, by their group, in each family, spoken to or not."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from infra_ctl.controls.prefix_limits import prefix_limits
from infra_ctl.controls.ruling import Ask
from infra_ctl.outcome import Verdict
from tests.unit.controls.exhibits import exhibit

V4, V6 = "address-family ipv4 unicast", "address-family ipv6 unicast"
QUIET = "no bgp default ipv4-unicast"
ASK = Ask(3, "true")


def bgp(*lines: str, families: dict[str, Iterable[str]] | None = None, head: str = "router bgp 65000") -> str:
    inside = [f" {line}" for line in lines]
    for family, said in (families or {}).items():
        inside += [" !", f" {family}", *(f"  {line}" for line in said), " exit-address-family"]
    return "\n".join([head, *inside, "exit"])


def lines(text: str) -> list[str]:
    """What has no limit."""
    found = prefix_limits(exhibit("device", {"frr": f"{text}\n!"}), ASK)
    assert (found.verdict is Verdict.FAIL) == bool(found.reasons)
    return [line.text for line in found.lines] if found.verdict is Verdict.FAIL else []


PEER = "neighbor 192.0.2.1 remote-as 65001"
ACTIVE, LIMIT = "neighbor 192.0.2.1 activate", "neighbor 192.0.2.1 maximum-prefix 100"


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("hostname x", []),
        (bgp(QUIET, PEER), []),
        (bgp(QUIET, PEER, families={V4: [ACTIVE, LIMIT]}), []),
        (bgp(QUIET, PEER, families={V4: [ACTIVE]}), [ACTIVE]),
        (bgp(QUIET, PEER, families={V4: [ACTIVE, LIMIT], V6: [ACTIVE]}), [ACTIVE]),
        (bgp(PEER), [PEER]),
        (bgp(PEER, families={V4: [LIMIT]}), []),
        (bgp(PEER, families={V4: ["no neighbor 192.0.2.1 activate"], V6: [ACTIVE, LIMIT]}), []),
        (bgp(PEER, families={V6: [ACTIVE, LIMIT]}), [PEER]),
        (bgp(QUIET, "neighbor eth0 interface remote-as external", families={V4: ["neighbor eth0 activate"]}),
         ["neighbor eth0 activate"]),
        (bgp(QUIET, PEER, families={V4: [ACTIVE, "no neighbor 192.0.2.1 maximum-prefix"]}), [ACTIVE]),
    ],
)  # fmt: skip
def test_neighbours(text: str, without: list[str]) -> None:
    assert lines(text) == without


GROUP = ("neighbor POPS peer-group", "neighbor 192.0.2.1 peer-group POPS", "neighbor POPS remote-as 65001")
GROUPS_LIMIT = "neighbor POPS maximum-prefix 100"


def test_a_group_speaks_for_its_members() -> None:
    spoken = ["neighbor POPS activate"]
    assert lines(bgp(QUIET, *GROUP, families={V4: [*spoken, GROUPS_LIMIT]})) == []
    assert lines(bgp(QUIET, *GROUP, families={V4: spoken})) == spoken
    assert lines(bgp(QUIET, *GROUP, families={V4: [*spoken, LIMIT]})) == []


def test_who_may_call_is_a_neighbour_too() -> None:
    listen = "bgp listen range 192.0.2.0/24 peer-group CALLERS"
    group = ("neighbor CALLERS peer-group", "neighbor CALLERS remote-as 65001")
    assert lines(bgp(QUIET, *group, listen, families={V4: ["neighbor CALLERS activate"]})) == [
        "neighbor CALLERS activate"
    ]
    assert lines(bgp(QUIET, *group, families={V4: ["neighbor CALLERS activate"]})) == []


def test_a_process_may_come_twice_for_lines_that_are_kept() -> None:
    one = bgp(QUIET, PEER, families={V4: [ACTIVE]})
    assert lines(f"{one}\n!\n{bgp(families={V4: [LIMIT]})}") == []
    assert lines(f"{bgp(QUIET)}\n!\n{bgp(PEER)}") == []


def test_every_vrf_has_its_own() -> None:
    one = bgp(QUIET, PEER, families={V4: [ACTIVE, LIMIT]})
    other = bgp(QUIET, PEER, families={V4: [ACTIVE]}, head="router bgp 65000 vrf party")
    assert lines(f"{one}\n!\n{other}") == [ACTIVE]


def test_what_passes_is_quoted() -> None:
    found = prefix_limits(
        exhibit("device", {"frr": bgp(QUIET, PEER, families={V4: [ACTIVE, LIMIT]}) + "\n!"}), ASK
    )
    assert [line.text for line in found.lines] == [LIMIT]
