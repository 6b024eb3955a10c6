"""Waves: farthest first, partners apart, everybody once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from infra_ctl.change.waves import LARGEST, waves

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


def test_only_what_changes_is_in_a_wave() -> None:
    assert waves(("ward3", "core1"), LINKS, CORES) == (("ward3",), ("core1",))
    assert waves((), LINKS, CORES) == ()


def test_what_hangs_on_nothing_comes_first() -> None:
    assert waves(("core1", "island"), LINKS, CORES) == (("island",), ("core1",))


def test_a_wave_ends_before_the_first_timer_does() -> None:
    links = [("core1", f"ward{number}") for number in range(3 * LARGEST)]
    sizes = [len(wave) for wave in waves([z for _, z in links], links, CORES)]
    assert sizes == [LARGEST] * 3


names = st.integers(0, 12).map(lambda number: f"r{number}")


@given(st.sets(names), st.sets(st.tuples(names, names), max_size=30))
def test_everybody_once_and_a_dual_homed_device_keeps_a_way(
    changed: set[str], links: set[tuple[str, str]]
) -> None:
    links = {(a, z) for a, z in links if a != z}
    found = waves(changed, links, ("r0",))
    assert sorted(device for wave in found for device in wave) == sorted(changed)
    upstream = {
        device: {a if z == device else z for a, z in links if device in (a, z)} & nearer(links, device)
        for device in {each for link in links for each in link}
    }
    for wave in found:
        for ways in upstream.values():
            assert len(ways) < 2 or not ways <= set(wave)


def nearer(links: set[tuple[str, str]], device: str) -> set[str]:
    """Devices that are nearer to r0 than `device`, by plain repeated relaxation."""
    distance = {"r0": 0}
    for _ in range(14):
        for a, z in links:
            for one, other in ((a, z), (z, a)):
                if one in distance:
                    distance[other] = min(distance.get(other, 99), distance[one] + 1)
    return {each for each, far in distance.items() if far < distance.get(device, 0)}
