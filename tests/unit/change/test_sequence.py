"""One order of devices and hosts: every edge holds, partners are kept apart, and circles are named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_ctl.change.plan import After
from infra_ctl.change.sequence import Company, sequence
from infra_ctl.change.waves import LARGEST, SMALL
from infra_ctl.errors import RefusedError

ALONE = Company({}, {})
NAMES = [f"h{number:02}" for number in range(40)]


def edge(first: str, name: str, reason: str = "it answers") -> After:
    return After(name=name, first=first, reason=reason)


def place(waves: tuple[tuple[str, ...], ...]) -> dict[str, int]:
    return {name: number for number, wave in enumerate(waves) for name in wave}


@st.composite
def changes(draw: st.DrawFn) -> tuple[list[str], list[After], Company]:
    """Hosts, edges that point from lower numbers to higher ones, and groups of partners."""
    hosts = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    pairs = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))
    edges = [edge(*sorted(pair)) for pair in draw(st.lists(pairs, max_size=40)) if pair[0] != pair[1]]
    partners: dict[str, set[str]] = {}
    for a, b in draw(st.lists(pairs, max_size=10)):
        if a != b:
            partners.setdefault(a, set()).add(b)
            partners.setdefault(b, set()).add(a)
    kinds = {name: draw(st.sampled_from(["database", "portal"])) for name in hosts}
    return hosts, edges, Company(partners, kinds)


@given(changes())
def test_every_edge_between_hosts_that_change_holds(change: tuple[list[str], list[After], Company]) -> None:
    hosts, edges, company = change
    waves = sequence((("r2",), ("r1",)), hosts, edges, company).waves
    assert sorted(name for wave in waves for name in wave) == sorted([*hosts, "r1", "r2"])
    at = place(waves)
    for each in edges:
        if each.name in at and each.first in at:
            assert at[each.first] < at[each.name]


@given(changes())
def test_partners_are_never_in_one_wave_and_no_wave_is_too_large(
    change: tuple[list[str], list[After], Company],
) -> None:
    hosts, edges, company = change
    for wave in sequence((), hosts, edges, company).waves:
        assert len(wave) <= LARGEST
        assert not any(company.partners.get(name, set()).intersection(wave) for name in wave)


@given(changes())
def test_whoever_waits_is_told_why(change: tuple[list[str], list[After], Company]) -> None:
    """Whoever is not in the first wave has an edge to something before it."""
    hosts, edges, company = change
    found = sequence((), hosts, edges, company)
    at = place(found.waves)
    for each in found.after:
        assert at[each.first] < at[each.name]
    if len(hosts) <= SMALL:
        first = set(found.waves[0])
        assert set(hosts) - first <= {each.name for each in found.after}


def test_devices_come_first_and_a_host_may_come_between_them() -> None:
    devices = (("ward",), ("core",))
    assert sequence(devices, ["db"], [], ALONE).waves == (("ward",), ("core",), ("db",))
    between = [edge("ward", "db"), edge("db", "core")]
    assert sequence(devices, ["db", "app"], between, ALONE).waves == (("ward",), ("app", "db"), ("core",))


def test_a_large_change_tries_one_of_each_kind_first() -> None:
    hosts = [f"h{number:02}" for number in range(SMALL + 1)]
    kinds = {name: "database" if name > "h09" else "portal" for name in hosts}
    found = sequence((), hosts, [], Company({}, kinds))
    assert found.waves[0] == ("h00",)
    assert "h10" in found.waves[1]
    assert "h11" not in found.waves[1]
    assert edge("h10", "h11", "it tries the change out alone") in found.after


def test_a_circle_is_refused_by_its_names_and_reasons() -> None:
    edges = [edge("a", "b", "it answers b"), edge("b", "a", "it lets b in"), edge("a", "c")]
    with pytest.raises(RefusedError) as caught:
        sequence((), ["a", "b", "c"], edges, ALONE)
    assert str(caught.value) in (
        "they wait for each other: a → b (it answers b) → a (it lets b in)",
        "they wait for each other: b → a (it lets b in) → b (it answers b)",
    )


def test_a_circle_with_a_device_is_named_too() -> None:
    devices = (("ward",), ("core",))
    with pytest.raises(RefusedError, match="wave 1 of devices"):
        sequence(devices, ["db"], [edge("core", "db"), edge("db", "ward")], ALONE)
