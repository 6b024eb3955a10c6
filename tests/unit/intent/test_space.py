"""Overlap of prefixes of any lengths, against `ipaddress` as the judge."""

from __future__ import annotations

from ipaddress import IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from infra_ctl.intent.space import Bits, Space

LENGTHS = (24, 26, 27, 30, 32)


@st.composite
def networks(draw: st.DrawFn) -> IPv4Network:
    """Inside 10.0.0.0/22, so that they often meet."""
    length = draw(st.sampled_from(LENGTHS))
    return IPv4Network(((10 << 24) + (draw(st.integers(0, 1023)) >> (32 - length) << (32 - length)), length))


@given(st.lists(networks(), max_size=12))
def test_a_claim_is_refused_exactly_when_it_overlaps(wanted: list[IPv4Network]) -> None:
    space, taken = Space(LENGTHS), dict[str, IPv4Network]()
    for number, network in enumerate(wanted):
        other = space.take((str(number), ""), Bits.of(network))
        overlapping = {key for key, each in taken.items() if each.overlaps(network)}
        assert (other.key[0] in overlapping) if other else not overlapping
        if other is None:
            taken[str(number)] = network


@given(st.lists(networks(), max_size=12), st.sampled_from(LENGTHS), st.integers(0, 20))
def test_next_free_is_the_first_that_fits(taken: list[IPv4Network], length: int, start: int) -> None:
    space, pool = Space(LENGTHS), IPv4Network("10.0.0.0/23")
    held = [each for each in taken if space.take((str(each), ""), Bits.of(each)) is None]
    slots = list(pool.subnets(new_prefix=length))[start:]
    free = [slot for slot in slots if not any(slot.overlaps(each) for each in held)]
    found = space.next_free(Bits.of(pool), start, length)
    assert (found[1].network(4) if found else None) == (free[0] if free else None)


def test_a_slot_outside_the_pool_is_none() -> None:
    pool = Bits.of(IPv4Network("10.0.0.0/30"))
    assert pool.slot(3, 32) == Bits.of(IPv4Network("10.0.0.3/32"))
    assert pool.slot(4, 32) is None
    assert pool.slot(-1, 32) is None
