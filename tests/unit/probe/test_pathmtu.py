from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_ctl.probe.pathmtu import LEAST, MOST, TRIES, Family, search


def found(family: Family, mtu: int, losses: frozenset[int] = frozenset()) -> tuple[int, int]:
    """The MTU found on a path, and the packets it took; those numbered in `losses` are lost by chance."""
    looking = search(family)
    size, packets = next(looking), 1
    while True:
        try:
            size = looking.send(size <= mtu and packets not in losses)
        except StopIteration as stopped:
            return int(stopped.value), packets
        packets += 1


@given(st.integers(576, 1500))
def test_every_size_is_found(mtu: int) -> None:
    assert found("ipv4", mtu)[0] == mtu


@given(st.integers(1280, 1500), st.sets(st.integers(1, 60), max_size=20))
def test_chance_losses_that_leave_one_of_three_do_not_matter(mtu: int, lost: set[int]) -> None:
    spread = frozenset(number for number in lost if not {number - 1, number - 2} & lost)
    assert found("ipv6", mtu, spread)[0] == mtu


def test_an_ordinary_path_costs_one_packet() -> None:
    assert found("ipv4", MOST) == (MOST, 1)


def test_a_search_ends_soon() -> None:
    assert max(found("ipv4", mtu)[1] for mtu in range(576, 1500)) <= TRIES * 12


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_nothing_that_comes_back_is_nought(family: Literal["ipv4", "ipv6"]) -> None:
    assert found(family, LEAST[family] - 1) == (0, 2 * TRIES)
