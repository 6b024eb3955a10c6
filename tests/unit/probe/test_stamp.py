from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from infra_ctl.probe.stamp import LENGTH, NO_CLOCK, PTP, Directions, Reflected, Sent, apart, apart_in_ptp, ntp

U16 = st.integers(0, 2**16 - 1)
U32 = st.integers(0, 2**32 - 1)
U64 = st.integers(0, 2**64 - 1)


SENT = st.builds(Sent, U32, U64, U16, U16)


@given(SENT)
def test_a_sender_s_packet_comes_back_as_it_was(sent: Sent) -> None:
    assert len(sent.encoded()) == LENGTH
    assert Sent.decoded(sent.encoded()) == sent


@given(st.builds(Reflected, U32, U64, U64, SENT, st.integers(0, 255), U16), st.integers(44, 1472))
def test_a_reflector_s_packet_comes_back_as_it_was(reflected: Reflected, length: int) -> None:
    assert len(reflected.encoded(length)) == length
    assert Reflected.decoded(reflected.encoded(length)) == reflected


def test_fields_stand_where_the_rfcs_have_them() -> None:
    """RFC 8762, figures 2 and 5; RFC 8972, 3: all that the sender says is brought back."""
    sent = Sent(4, 5, 0xC10A, 0x1234)
    assert sent.encoded().hex() == f"000000040000000000000005c10a1234{0:056x}"
    reflected = Reflected(1, 2, 3, sent, 64).encoded()
    assert reflected.hex() == (
        "00000001" "0000000000000002" "0001" "1234" "0000000000000003" "00000004" "0000000000000005" "c10a"
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


@given(st.integers(0, 2**32 - 1), st.integers(0, 10**9 - 1), st.integers(-(10**12), 10**12))
def test_times_of_ptp_are_apart_as_they_say(seconds: int, rest: int, difference: int) -> None:
    """Also where 2106 lies between them."""
    later = divmod(seconds * 10**9 + rest + difference, 10**9)
    assert apart_in_ptp((later[0] % 2**32 << 32) + later[1], (seconds << 32) + rest) == difference


def test_how_long_a_packet_was_held_is_read_in_the_reflector_s_own_format() -> None:
    received, held = (1_700_000_000 << 32) + 5, 10_000_000
    assert Reflected(0, received + held, received, Sent(0, 0), error=PTP | NO_CLOCK).dwell == held
    assert Reflected(0, ntp(held), ntp(0), Sent(0, 0)).dwell in (held - 1, held)


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
