from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_ctl.probe.quality import jitter, mos, one_way_seconds, rating

FIGURES = [(0.150, 0.01, 4.23), (0.300, 0.01, 3.54), (0.400, 0.05, 2.23)]
"""One way in seconds, loss, MOS: monitoring.md, section 4."""


@pytest.mark.parametrize(("one_way", "loss", "expected"), FIGURES)
def test_the_figures_of_the_design(one_way: float, loss: float, expected: float) -> None:
    assert mos(rating(one_way, loss)) == pytest.approx(expected, abs=0.005)


def test_a_perfect_path_is_rated_as_well_as_a_telephone_gets() -> None:
    assert rating(0.0, 0.0) == 93.2
    assert mos(93.2) == pytest.approx(4.41, abs=0.005)


def test_delay_weighs_more_beyond_its_bend() -> None:
    slow, slower, slowest = (rating(seconds, 0.0) for seconds in (0.1773, 0.2773, 0.3773))
    assert slow - slower == pytest.approx(slower - slowest) == pytest.approx(2.4 + 11)


@given(st.floats(-1, 100), st.floats(-1, 2))
def test_a_rating_and_its_score_stay_within_their_scales(one_way: float, loss: float) -> None:
    found = rating(one_way, loss)
    assert 0 <= found <= 93.2
    assert 1 <= mos(found) <= 4.5


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_loss_is_never_better(one_way: float, loss: float) -> None:
    assert rating(one_way, loss) >= rating(one_way, min(loss + 0.01, 1.0))


def test_burst_losses_are_worse_than_independent_ones() -> None:
    assert rating(0.05, 0.02, burst=4.0) < rating(0.05, 0.02)


def test_jitter_of_a_path_that_changes_by_the_same_each_time_comes_to_that() -> None:
    transits = [0.010, 0.014] * 100
    found = 0.0
    for before, now in pairwise(transits):
        found = jitter(found, before, now)
    assert found == pytest.approx(0.004, rel=1e-3)


def test_jitter_takes_a_sixteenth_of_what_is_new() -> None:
    assert jitter(0.0, 0.020, 0.036) == pytest.approx(0.001)
    assert jitter(0.016, 0.020, 0.020) == pytest.approx(0.015)


def test_one_way_is_half_the_round_trip_and_the_buffer() -> None:
    assert one_way_seconds(0.1, 0.01) == pytest.approx(0.07)
