from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra_ctl.probe.counters import BOUNDS, LATENESS_BOUNDS, LOOP, Counters


@pytest.fixture
def counters() -> Iterator[Counters]:
    made = Counters.create(8)
    yield made
    made.close()


def test_a_reply_falls_into_its_bucket_and_a_bound_belongs_to_it(counters: Counters) -> None:
    for seconds in (0.0001, 0.0005, 0.0006, 2.048, 2.1):
        counters.answered(3, seconds)
    (reading,) = (each for each in counters.readings() if each.sent)
    assert reading == counters.readings()[3]
    assert (reading.buckets[0], reading.buckets[1], reading.buckets[12], reading.buckets[13]) == (2, 1, 1, 1)
    assert reading.total == pytest.approx(4.1492)
    assert len(reading.buckets) == len(BOUNDS) + 1


def test_what_was_sent_is_what_was_answered_and_lost(counters: Counters) -> None:
    counters.answered(2, 0.01)
    counters.lost(2)
    counters.lost(2)
    reading = counters.readings()[2]
    assert (reading.sent, reading.answered, reading.lost) == (3, 1, 2)


def test_another_process_s_view_is_the_same_memory_and_may_reach_further(counters: Counters) -> None:
    further = counters.resized(800)
    further.lost(2)
    further.lost(799)
    assert counters.readings()[2].lost == 1
    assert further.readings()[799].lost == 1


def test_a_cleared_slot_is_at_nought_and_its_neighbours_are_not(counters: Counters) -> None:
    for slot in (2, 3, 4):
        counters.answered(slot, 0.5, 0.25)
        counters.set_mtu(slot, 1500)
        counters.add_directions(slot, 1, 2)
    counters.clear(3)
    two, three, four = counters.readings()[2:5]
    assert three == counters.readings()[6]
    assert two == four
    assert (two.mtu, two.jitter, two.forward_lost, two.backward_lost, two.sent) == (1500, 0.25, 1, 2, 1)


def test_lateness_has_buckets_of_its_own(counters: Counters) -> None:
    counters.answered(LOOP, 0.0001, bounds=LATENESS_BOUNDS)
    counters.answered(LOOP, 9.0, bounds=LATENESS_BOUNDS)
    late = counters.lateness()
    assert len(late.buckets) == len(LATENESS_BOUNDS) + 1
    assert (late.buckets[1], late.buckets[-1], late.sent) == (1, 1, 2)
