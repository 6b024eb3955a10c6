from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_ctl.probe.schedule import LEAST_GAP, SLACK, Ring


def test_turns_are_spread_evenly() -> None:
    ring = Ring("abcd", 1.0, now=100.0)
    turns = []
    for _ in range(8):
        due = ring.due
        turns.append((ring.turn(due)[0], due))
    assert [members for members, _due in turns] == list("abcdabcd")
    assert [due for _member, due in turns] == pytest.approx([100 + 0.25 * turn for turn in range(1, 9)])


def test_neighbours_in_the_list_have_different_turns() -> None:
    ring = Ring(range(1000), 1.0, now=0.0)
    groups = [ring.turn(ring.due)[0] for _ in range(25)]
    assert {len(group) for group in groups} == {40}
    assert all(later - earlier == 25 for group in groups for earlier, later in pairwise(group))


def test_nobody_is_never_due() -> None:
    assert Ring((), 1.0, now=0.0).due == float("inf")


def test_a_little_late_is_caught_up() -> None:
    ring = Ring("ab", 1.0, now=0.0)
    _member, late = ring.turn(0.51)
    assert late == pytest.approx(0.01)
    assert ring.due == pytest.approx(1.0)


@given(st.floats(SLACK * 1.01, 1e6), st.integers(1, 1000))
def test_after_a_long_stop_there_is_no_burst(stopped: float, members: int) -> None:
    ring = Ring(range(members), 1.0, now=0.0)
    now = ring.due + stopped
    ring.turn(now)
    assert ring.due >= now + 1.0 / members * 0.99


@given(st.integers(1, 20_000), st.floats(0.1, 60))
def test_everybody_has_one_turn_an_interval_in_groups_as_small_as_waking_allows(
    members: int, interval: float
) -> None:
    ring = Ring(range(members), interval, now=0.0)
    seen: list[int] = []
    turns = 0
    while len(seen) < members:
        group, _late = ring.turn(ring.due)
        seen += group
        turns += 1
        assert len(group) <= members / max(int(interval / LEAST_GAP), 1) + 1
    assert sorted(seen) == list(range(members))
    assert ring.due == pytest.approx(interval * (turns + 1) / turns)
