"""The state machine alone: whatever happens, a device comes to an end, and never to a wrong one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_ctl.deploy.machine import (
    ENDS,
    HOST_ENDS,
    HOST_TRANSITIONS,
    TRANSITIONS,
    Signal,
    after,
    host_after,
)
from infra_ctl.journal.records import StepState as S

choices = st.lists(st.integers(0, 20), max_size=40)


def walk(choices: list[int]) -> list[tuple[S, Signal]]:
    """A way through the machine from its beginning, as the numbers choose among what may happen."""
    state, way = S.WAITING, []
    for number in choices:
        if state in ENDS:
            break
        possible = sorted(TRANSITIONS[state], key=lambda signal: signal.name)
        signal = possible[number % len(possible)]
        way.append((state, signal))
        state = after(state, signal)
    return [*way, (state, Signal.BEGIN)]


def test_the_ends_are_those_that_the_journal_calls_so() -> None:
    assert {S.CONFIRMED, S.RESTORED, S.NOT_RESTORED, S.FAILED, S.UNKNOWN} == ENDS


@given(choices)
def test_nothing_is_confirmed_that_was_not_tested(choices: list[int]) -> None:
    way = walk(choices)
    for number, (state, _) in enumerate(way):
        if state is S.CONFIRMING:
            assert way[number - 1][1] in (Signal.PASSED, Signal.PENDING_TESTED)


def test_untouched_is_said_only_of_what_was_refused_or_found_so() -> None:
    ways = {state for state, following in TRANSITIONS.items() if S.FAILED in following.values()}
    assert ways == {S.WAITING, S.APPLYING, S.SETTLING}


@given(choices)
def test_a_change_is_taken_back_only_from_where_there_is_one(choices: list[int]) -> None:
    way = walk(choices)
    for number, (state, _) in enumerate(way):
        if state is S.RESTORING:
            assert way[number - 1][0] in (S.APPLIED, S.SETTLING)


def test_every_state_can_lose_its_session_or_end() -> None:
    """From anywhere an end is near: three signals at the most."""
    near = set(ENDS)
    for _ in range(3):
        near |= {state for state, ways in TRANSITIONS.items() if near & set(ways.values())}
    assert near == set(TRANSITIONS) | {S.CONFIRMED}
    for state in (S.APPLYING, S.APPLIED, S.CONFIRMING, S.RESTORING):
        assert TRANSITIONS[state][Signal.LOST] is S.SETTLING


@pytest.mark.parametrize("state", [state for state in S if state not in (S.CONFIRMED, S.DONE, S.STOPPED)])
def test_whatever_is_not_confirmed_can_be_resumed(state: S) -> None:
    assert after(state, Signal.RESUMED) is S.SETTLING


@pytest.mark.parametrize(
    ("state", "signal"), [(S.CONFIRMED, Signal.RESUMED), (S.WAITING, Signal.PASSED), (S.FAILED, Signal.BEGIN)]
)
def test_what_cannot_follow_is_a_defect(state: S, signal: Signal) -> None:
    with pytest.raises(ValueError, match="nothing follows"):
        after(state, signal)


def test_the_ends_of_hosts_are_those_that_the_journal_calls_so() -> None:
    assert {S.DONE, S.STOPPED, S.FAILED, S.UNKNOWN} == HOST_ENDS
    assert HOST_ENDS | {S.WAITING, S.APPLYING, S.SETTLING} == set(HOST_TRANSITIONS)


@given(choices)
def test_a_host_is_untouched_done_or_says_that_it_is_neither(choices: list[int]) -> None:
    """Failed is only what nothing was done to: a host that was begun and lost is unknown, never failed."""
    state, way = S.WAITING, []
    for number in choices:
        possible = sorted(HOST_TRANSITIONS[state], key=lambda signal: signal.name)
        signal = possible[number % len(possible)]
        way.append((state, signal, state := host_after(state, signal)))
    for before, signal, found in way:
        if found is S.FAILED:
            assert signal is Signal.REFUSED
        if found is S.DONE:
            assert (before, signal) in {(S.APPLYING, Signal.APPLIED), (S.SETTLING, Signal.NEW)}
        if signal is Signal.LOST:
            assert found is S.UNKNOWN


@pytest.mark.parametrize("state", sorted(HOST_TRANSITIONS))
def test_every_host_of_a_run_can_be_asked_what_is_left(state: S) -> None:
    assert host_after(state, Signal.RESUMED) is S.SETTLING


@pytest.mark.parametrize(
    ("state", "signal"), [(S.WAITING, Signal.APPLIED), (S.DONE, Signal.BEGIN), (S.SETTLING, Signal.ARMED)]
)
def test_what_cannot_follow_on_a_host_is_a_defect(state: S, signal: Signal) -> None:
    with pytest.raises(ValueError, match="nothing follows"):
        host_after(state, signal)
