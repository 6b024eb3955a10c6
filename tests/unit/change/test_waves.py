"""Waves: farthest first, partners apart, everybody once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from infra_ctl.change.waves import LARGEST, leaves, waves

CORES = ("core1", "core2")
LINKS = (
    ("core1", "core2"),
    *((core, pop) for core in CORES for pop in ("nk", "bt")),
    ("nk", "ward1"),
    ("bt", "ward1"),
    ("nk", "ward2"),
    ("bt", "ward3"),
)
ALL = ("core1", "core2", "nk", "bt", "ward1", "ward2", "ward3")


def test_a_city_changes_from_its_wards_to_its_cores() -> None:
    assert waves(ALL, LINKS, CORES) == (
        ("ward1", "ward2", "ward3"),
        ("bt",),
        ("nk",),
        ("core1",),
        ("core2",),
    )


def test_two_pops_that_share_no_ward_change_together() -> None:
    links = [link for link in LINKS if link != ("bt", "ward1")]
    assert ("bt", "nk") in waves(ALL, links, CORES)


def test_two_routers_of_a_site_stand_in_for_each_other() -> None:
    links = (("core1", "edge1"), ("core1", "edge2"))
    assert waves(("edge1", "edge2"), links, ("core1",)) == (("edge1", "edge2"),)
    assert waves(("edge1", "edge2"), links, ("core1",), [("edge1", "edge2")]) == (("edge1",), ("edge2",))


def test_only_what_changes_is_in_a_wave() -> None:
    assert waves(("ward3", "core1"), LINKS, CORES) == (("ward3",), ("core1",))
    assert waves((), LINKS, CORES) == ()


def test_leaves_are_those_that_nothing_hangs_on() -> None:
    assert leaves(LINKS, CORES) == {"ward1", "ward2", "ward3"}
    assert leaves([*LINKS, ("ward2", "ward4")], CORES) == {"ward1", "ward3", "ward4"}
    assert leaves((("core1", "core2"),), CORES) == {"core1", "core2"}


def test_what_hangs_on_nothing_comes_first() -> None:
    assert waves(("core1", "island"), LINKS, CORES) == (("island",), ("core1",))


def test_a_wave_ends_before_the_first_timer_does() -> None:
    links = [("core1", f"ward{number}") for number in range(3 * LARGEST)]
    sizes = [len(wave) for wave in waves([z for _, z in links], links, CORES)]
    assert sizes == [LARGEST] * 3


names = st.integers(0, 12).map(lambda number: f"r{number}")


@given(st.sets(names), st.sets(st.tuples(names, names), max_size=30))
def test_everybody_once_and_a_failing_wave_cuts_off_nobody_whom_one_of_it_would_not(
    changed: set[str], links: set[tuple[str, str]]
) -> None:
    found = waves(changed, links, ("r0",))
    assert sorted(device for wave in found for device in wave) == sorted(changed)
    connected = reached(links, set())
    for wave in found:
        alone = {device for one in wave for device in connected - reached(links, {one})}
        assert connected - reached(links, set(wave)) - set(wave) <= alone


def reached(links: set[tuple[str, str]], without: set[str]) -> set[str]:
    """Devices that the controller at r0 can reach, by plain repeated relaxation."""
    found = {"r0"} - without
    for _ in range(14):
        for a, z in links:
            for one, other in ((a, z), (z, a)):
                if one in found and other not in without:
                    found.add(other)
    return found


def test_a_ring_keeps_one_way_round() -> None:
    ring = ("r0", "r1", "r2", "r6", "r8", "r4")
    found = waves(ring, tuple(zip(ring, (*ring[1:], ring[0]), strict=True)), ("r0",))
    assert ("r1",) in found
    assert ("r4",) in found
