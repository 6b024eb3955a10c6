"""Whom a run loses, in which of its states, and what is said to be in the way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra_ctl.change import normal, reading
from infra_ctl.change.guard import breaks
from infra_ctl.change.router import Router
from infra_ctl.change.topology import End, Wire
from infra_ctl.change.wiring import laid
from tests.unit.change.conftest import wire
from tests.unit.change.test_reach import CITY, LOOPBACKS, router
from tests.unit.change.test_reach import WIRES as WIRE_TEXTS
from tests.unit.change.test_ways import EDITS, PORTS, ROOTS, WIRES, routers, unreached
from tests.unit.change.test_ways import router as edited_router

CORES = ("core1", "core2")
NOW = {name: reading.read(normal.parse(text)) for name, text in CITY.items()}
CABLES = tuple(wire(each) for each in WIRE_TEXTS)


def changed(device: str, *lines: str, without: str = "^$") -> dict[str, Router]:
    """A device of the city with lines more, and without those that a pattern fits."""
    kept = [line for line in CITY[device].splitlines() if not re.search(without, line)]
    return {device: reading.read(normal.parse("\n".join([*kept, *lines])))}


def said(
    after: Mapping[str, Router], waves: Sequence[Sequence[str]] = (), now: Mapping[str, Router] = NOW
) -> list[str]:
    order = waves or [tuple(after)]
    return [str(each) for each in breaks(now, after, CABLES, order, CORES, LOOPBACKS)]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("shutdown", "pop1/eth2 is shut down"),
        ("ip ospf passive", "pop1/eth2 is passive"),
        ("ip ospf area 9", "areas differ: 0.0.0.9 at pop1/eth2, 0.0.0.1 at one/eth0"),
        ("ip ospf hello-interval 5", "hello intervals differ: 5 at pop1/eth2, 10 at one/eth0"),
        ("ip ospf dead-interval 9", "dead intervals differ: 9 at pop1/eth2, 40 at one/eth0"),
        (
            "ip ospf network broadcast",
            "network types differ: broadcast at pop1/eth2, point-to-point at one/eth0",
        ),
        ("ip ospf authentication", "authentication differ: simple at pop1/eth2, none at one/eth0"),
        ("ip address 10.1.77.0/31", "10.1.4.1 of one/eth0 is not in 10.1.77.0/31 of pop1/eth2"),
    ],
)
def test_each_kind_of_break_is_named_with_its_cause_from_both_ends(line: str, why: str) -> None:
    command = " ".join(line.split()[: 2 if "address" in line else 3])
    texts = normal.parse(CITY["pop1"])
    context = ("interface eth2",)
    kept = [pair for pair in texts if pair[0] != context or not pair[1].startswith(command)]
    after = {"pop1": reading.read(normal.ordered([*kept, (context, line)]))}
    assert said(after) == [f"one: after wave 1 (pop1) no way from core1: {why}"]


def test_a_link_that_is_too_narrow_for_the_other_end_is_named() -> None:
    narrow = tuple(wire(each.replace("one/eth0", "one/eth0:1400")) for each in WIRE_TEXTS)
    now = {**NOW, **changed("one", "interface eth0", " ip ospf mtu-ignore")}
    found = breaks(now, {"one": NOW["one"]}, narrow, [["one"]], CORES, LOOPBACKS)
    assert [each.path for each in found] == [
        "no way from core1: MTU differs: 1400 at one/eth0, 1500 at pop1/eth2"
    ]


def test_a_key_that_only_one_end_has_is_named_and_never_shown() -> None:
    keyed = " ip ospf authentication message-digest\n ip ospf message-digest-key {} md5 {}"
    now = {
        **NOW,
        **changed("pop1", "interface eth2", keyed.format(1, "old")),
        **changed("one", "interface eth0", keyed.format(1, "old")),
    }
    after = changed("pop1", "interface eth2", keyed.format(2, "new"))
    cause = "pop1/eth2 signs with key 2, which one/eth0 does not have"
    assert said(after, now=now) == [f"one: after wave 1 (pop1) no way from core1: {cause}"]


def test_an_address_that_is_announced_no_more_is_named() -> None:
    after = changed("one", without="^ ip ospf (area 1|passive)$")
    (found,) = said(after)
    assert found.startswith("one: after wave 1 (one) no way from core1: ")
    after = changed("one", without=r"10\.0\.0\.6")
    assert said(after) == ["one: after wave 1 (one) no way from core1: nobody has 10.0.0.6"]


def test_who_is_lost_is_named_and_who_has_another_way_is_not() -> None:
    """A PoP without the backbone: what hangs on it is found through the ward that is on both."""
    after = changed("pop1", "interface eth0", " ip ospf passive")
    found = breaks(NOW, after, CABLES, [["pop1"]], CORES, LOOPBACKS)
    assert [(each.device, each.wave, each.change) for each in found] == [("pop1", 1, ("pop1",))]


def test_all_that_hang_on_a_device_are_lost_with_it() -> None:
    now = {**NOW, **changed("both", "interface eth0", " shutdown")}
    found = breaks(now, changed("pop1", "interface eth0", " shutdown"), CABLES, [["pop1"]], CORES, LOOPBACKS)
    assert [each.device for each in found] == ["one", "pop1"]


def test_a_device_with_another_way_is_not_lost() -> None:
    assert said(changed("both", "interface eth0", " shutdown")) == []


def test_a_device_that_had_no_way_cannot_lose_it() -> None:
    bare = reading.read(normal.parse("interface lo\n ip address 10.0.0.6/32\n"))
    now = {**NOW, "one": bare}
    assert said({"one": bare, **changed("pop1", "interface eth2", " shutdown")}, now=now) == []


HASTY = {
    **changed("one", "interface eth0", " ip ospf hello-interval 5"),
    **changed("pop1", "interface eth2", " ip ospf hello-interval 5"),
}
"""A timer that both ends of a link change."""


def test_a_state_in_the_middle_counts_although_the_end_is_fine() -> None:
    """One end after the other."""
    cause = "hello intervals differ: 10 at pop1/eth2, 5 at one/eth0"
    assert said(HASTY, [["one"], ["pop1"]]) == [f"one: after wave 1 (one) no way from core1: {cause}"]


def test_a_member_of_a_wave_alone_counts_although_the_wave_is_fine() -> None:
    """Both ends in one wave: one of them may be taken back."""
    (found,) = said(HASTY, [["one", "pop1"]])
    assert found.startswith("one: after wave 1 (one) no way from core1: hello intervals differ")


def test_two_that_only_together_cut_a_third_off_are_found() -> None:
    after = {
        **changed("pop1", "interface eth1", " ip ospf passive"),
        **changed("pop2", "interface eth1", " ip ospf passive"),
    }
    found = breaks(NOW, after, CABLES, [["pop1", "pop2"]], CORES, LOOPBACKS)
    assert [(each.device, each.change) for each in found] == [("both", ("pop1", "pop2"))]
    assert [each.wave for each in breaks(NOW, after, CABLES, [["pop1"], ["pop2"]], CORES, LOOPBACKS)] == [2]


def test_a_device_that_changes_all_of_its_links_at_once_is_not_refused() -> None:
    """What holds with its old configuration and with its new one holds, though no link is in both."""
    one = router(6, 1, {"eth0": (9, 1), "eth1": (13, 1)})
    pop2 = router(4, 0, {"eth0": (5, 0), "eth1": (10, 1), "eth2": (12, 1)})
    now = {**NOW, "pop2": reading.read(normal.parse(pop2))}
    only_new = one.replace(" ip address 10.1.4.1/31", " shutdown")
    cables = (*CABLES, wire("pop2/eth2 one/eth1"))
    after = {"one": reading.read(normal.parse(only_new)), **changed("both", "interface eth0", " shutdown")}
    assert breaks(now, after, cables, [["both", "one"]], CORES, LOOPBACKS) == ()


QUIET = st.lists(
    st.tuples(
        st.sampled_from(PORTS),
        st.sampled_from(["description x", "ip ospf cost 7", "bandwidth 9", "ipv6 ospf6 passive"]),
    ),
    max_size=6,
)


@settings(deadline=None, max_examples=50)
@given(EDITS, QUIET, st.permutations(sorted(CITY)), st.integers(1, 6))
def test_what_leaves_ways_alone_is_never_refused(
    before: list[tuple[tuple[str, str], str]],
    quiet: list[tuple[tuple[str, str], str]],
    order: Sequence[str],
    size: int,
) -> None:
    now, after = routers(before), routers([*before, *quiet])
    waves = [order[start : start + size] for start in range(0, len(order), size)]
    assert breaks(now, after, WIRES, waves, ROOTS, LOOPBACKS) == ()


@settings(deadline=None, max_examples=60)
@given(EDITS, EDITS, st.permutations(sorted(CITY)), st.integers(1, 3))
def test_who_loses_a_way_in_any_state_is_found_and_nobody_else(
    before: list[tuple[tuple[str, str], str]],
    later: list[tuple[tuple[str, str], str]],
    order: Sequence[str],
    size: int,
) -> None:
    """All states of all waves, each from nothing."""
    now, after = routers(before), routers(later)
    waves = [order[start : start + size] for start in range(0, len(order), size)]
    had, lost, state = set(LOOPBACKS) - unreached(now), set(), dict(now)
    for wave in waves:
        for some in _subsets(wave):
            lost |= had & unreached({**state, **{device: after[device] for device in some}})
        state |= {device: after[device] for device in wave}
    found = {each.device for each in breaks(now, after, WIRES, waves, ROOTS, LOOPBACKS)}
    assert lost <= found, "sound"
    assert found <= lost | set(ROOTS), "and not too strict"


def _subsets(wave: Sequence[str]) -> Iterable[tuple[str, ...]]:
    return chain.from_iterable(combinations(wave, count) for count in range(len(wave) + 1))


# Wires that no inventory knows of any more


def _ends(wires: Iterable[Wire]) -> set[frozenset[End]]:
    return {frozenset((each.a, each.z)) for each in wires}


def test_a_wire_that_only_configurations_know_is_there() -> None:
    known = [each for each in CABLES if "one" not in (each.a.device, each.z.device)]
    assert _ends(laid(known, NOW)) == _ends(CABLES)


def test_a_wire_whose_end_is_to_be_moved_is_where_it_was() -> None:
    meant = [*CABLES[:-1], wire("pop2/eth9 one/eth0")]
    assert _ends(laid(meant, NOW)) == _ends(CABLES)


def test_a_wire_is_as_intended_where_nothing_speaks_against_it() -> None:
    bare = {**NOW, "one": reading.read(normal.parse("interface lo\n ip address 10.0.0.6/32\n"))}
    assert laid(CABLES, bare) == CABLES


def test_three_in_a_subnet_of_two_say_nothing() -> None:
    third = {**NOW, "old": edited_router("one", [])}
    assert laid(CABLES, third) == CABLES
