"""Waves: farthest first, partners apart, everybody once."""

from __future__ import annotations

from collections.abc import Callable, Collection

from hypothesis import given
from hypothesis import strategies as st

from infra_ctl.change.waves import GROWTH, LARGEST, SMALL, Cause, Ground, HeldBack, leaves, order

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


def waves(
    changed: Collection[str],
    links: Collection[tuple[str, str]],
    roots: Collection[str],
    sites: Collection[Collection[str]] = (),
) -> tuple[tuple[str, ...], ...]:
    return order(changed, Ground(links, roots, sites)).waves


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


def star(wards: int) -> list[tuple[str, str]]:
    return [("core1", f"ward{number:05}") for number in range(wards)]


def test_a_small_change_needs_no_canary() -> None:
    links = star(SMALL)
    assert [len(wave) for wave in waves([z for _, z in links], links, ("core1",))] == [SMALL]


def test_a_large_change_begins_with_one_device_and_its_waves_grow_to_the_largest() -> None:
    """No wave is larger than what its first timer gives time for."""
    links = star(1 + GROWTH + 3 * LARGEST)
    sizes = [len(wave) for wave in waves([z for _, z in links], links, ("core1",))]
    assert sizes == [1, GROWTH, LARGEST, LARGEST, LARGEST]


def test_each_kind_has_its_canary_and_the_first_wave_is_one_device_alone() -> None:
    links = [*star(10), *(("core1", f"pop{number}") for number in range(10))]
    links += [("pop1", "box-far"), ("pop1", "ward-far")]
    kinds = {z: z[:3] for _, z in links}
    found = order(kinds, Ground(links, ("core1",), (), kinds))
    assert found.waves[:2] == (("box-far",), ("ward-far",))
    assert found.canaries == {"box": "box-far", "war": "ward-far", "pop": "pop0"}
    assert [sum(each.startswith("pop") for each in wave) for wave in found.waves] == [0, 0, 1, 8, 1]


def test_an_order_keeps_why_a_device_is_in_no_earlier_wave() -> None:
    found = order(ALL, Ground(LINKS, CORES))
    assert found.places["nk"].held_back == (HeldBack(2, Cause.PARTNER, ("bt",)),)
    ring = ("r0", "r1", "r2", "r6", "r8", "r4")
    links = tuple(zip(ring, (*ring[1:], ring[0]), strict=True))
    assert order(("r1", "r4"), Ground(links, ("r0",))).places["r4"].held_back == (
        HeldBack(1, Cause.PROMISE, ("r1",)),
    )


def test_the_order_of_twice_the_city_costs_twice_as_much(
    calls: Callable[[Callable[[], object]], int],
) -> None:
    def work(wards: int) -> int:
        links = [
            link for ward in range(wards) for link in (("c", f"p{ward // 9}"), (f"p{ward // 9}", f"w{ward}"))
        ]
        links += [(f"p{ward // 9 + 1}", f"w{ward}") for ward in range(0, wards - 9, 3)]
        changed = {end for link in links for end in link}
        return calls(lambda: order(changed, Ground(links, ("c",))))

    assert work(3000) < 2.2 * work(1500)


names = st.integers(0, 12).map(lambda number: f"r{number}")
many = st.integers(0, 20).map(lambda number: f"r{number}")


@given(st.sets(names), st.sets(st.tuples(names, names), max_size=30), st.lists(names, max_size=3))
def test_two_that_stand_in_for_each_other_are_never_in_one_wave(
    changed: set[str], links: set[tuple[str, str]], site: list[str]
) -> None:
    found = order(changed, Ground(links, ("r0",), [site]))
    far = {device: place.distance for device, place in found.places.items()}
    for wave in found.waves:
        assert len(set(wave) & set(site)) <= 1
        for device in {end for link in links for end in link} - set(wave):
            around = {z if a == device else a for a, z in links if device in (a, z)} & set(wave)
            mine = order({device}, Ground(links, ("r0",))).places[device].distance
            ways = [each for each in around if mine is not None and (far[each] or 0) <= mine]
            assert len(ways) <= 1


@given(
    st.sets(many, min_size=SMALL + 1),
    st.sets(st.tuples(many, many), max_size=40),
    st.dictionaries(many, st.sampled_from("ab")),
)
def test_farther_ones_come_first_and_each_kind_is_tried_out_before_there_are_many_of_it(
    changed: set[str], links: set[tuple[str, str]], kinds: dict[str, str]
) -> None:
    found = order(changed, Ground(links, ("r0",), (), kinds))
    distances = [
        float("inf") if (far := found.places[device].distance) is None else far
        for wave in found.waves
        for device in wave
    ]
    assert distances == sorted(distances, reverse=True)
    assert len(found.waves[0]) == 1
    for kind in {kinds.get(device, "") for device in changed}:
        counts = [sum(kinds.get(device, "") == kind for device in wave) for wave in found.waves]
        assert next(count for count in counts if count) == 1


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
