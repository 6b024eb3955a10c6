from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from infra_ctl.probe.stamp import LENGTH, Directions, Reflected, Sent, apart, ntp

U32 = st.integers(0, 2**32 - 1)
U64 = st.integers(0, 2**64 - 1)


@given(U32, U64)
def test_a_sender_s_packet_comes_back_as_it_was(sequence: int, timestamp: int) -> None:
    sent = Sent(sequence, timestamp)
    assert len(sent.encoded()) == LENGTH
    assert Sent.decoded(sent.encoded()) == sent


@given(U32, U64, U64, U32, U64, st.integers(0, 255), st.integers(44, 1472))
def test_a_reflector_s_packet_comes_back_as_it_was(
    a: int, b: int, c: int, d: int, e: int, f: int, n: int
) -> None:
    reflected = Reflected(a, b, c, d, e, f)
    assert len(reflected.encoded(n)) == n
    assert Reflected.decoded(reflected.encoded(n)) == reflected


def test_fields_stand_where_the_rfc_has_them() -> None:
    """RFC 8762, figures 2 and 5."""
    assert Sent(1, 2).encoded()[:14].hex() == "0000000100000000000000020001"
    reflected = Reflected(1, 2, 3, 4, 5, 64).encoded()
    assert reflected.hex() == (
        "00000001" "0000000000000002" "0001" "0000" "0000000000000003" "00000004" "0000000000000005" "0001"
        "0000" "40" "000000"
    )  # fmt: skip


@given(st.binary(max_size=43))
def test_a_short_packet_is_none(packet: bytes) -> None:
    assert Sent.decoded(packet) is None
    assert Reflected.decoded(packet) is None


@given(st.binary(min_size=44, max_size=300))
def test_any_longer_packet_is_read_without_an_error(packet: bytes) -> None:
    assert Sent.decoded(packet) is not None
    assert Reflected.decoded(packet) is not None


def test_time_is_that_of_ntp() -> None:
    assert ntp(0) == 2_208_988_800 << 32
    assert ntp(500_000_000) & 0xFFFFFFFF == 1 << 31


@given(st.integers(0, 4 * 10**18), st.integers(-(10**12), 10**12))
def test_the_difference_of_two_times_is_exact_to_the_nanosecond(start: int, difference: int) -> None:
    """Also where 2036 lies between them."""
    start = max(start, 10**12)
    assert abs(apart(ntp(start + difference), ntp(start)) - difference) <= 1


@given(st.lists(st.sampled_from(["there", "back", "arrives"]), max_size=200))
def test_losses_are_told_apart_by_direction(fates: list[str]) -> None:
    """The truth against what the numbers tell, once a packet has come back after all of them."""
    directions, number = Directions(), 0
    for fate in [*fates, "arrives"]:
        directions.judged(number if fate == "arrives" else None)
        number += fate != "there"
    assert (directions.forward, directions.backward) == (fates.count("there"), fates.count("back"))


@given(st.lists(st.one_of(st.none(), U32), max_size=50))
def test_whatever_a_reflector_numbers_losses_only_grow_and_stay_within_what_was_sent(
    numbers: list[int | None],
) -> None:
    directions = Directions()
    for sent, number in enumerate(numbers, start=1):
        before = directions.forward, directions.backward
        directions.judged(number)
        assert directions.forward >= before[0]
        assert directions.backward >= before[1]
        assert directions.forward + directions.backward <= sent


def test_a_reflector_that_began_anew_had_not_received() -> None:
    directions = Directions()
    for number in (0, 1, 2, None, None, None, 0, 1):
        directions.judged(number)
    assert (directions.forward, directions.backward) == (3, 0)


def test_two_that_overtook_each_other_are_no_loss() -> None:
    directions = Directions()
    for number in (0, 2, 1, 3):
        directions.judged(number)
    assert (directions.forward, directions.backward) == (0, 0)
